// A file by a signed link: the link is the permission, so no token is asked for.
import { malachite } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { sendFile } from "../content.ts";
import { route } from "../route.ts";

export const signedContent = route(malachite.signedContent, async (ask, { flow, auth }) => {
  const at = { scope: ask.scope, container: ask.params.container };
  if (!auth.links.verify(at, ask.query)) {
    throw new MalachiteError(
      "NotAllowed",
      "The link is not valid or has ended. Ask for the run's details again.",
      {
        target: "sig",
      },
    );
  }
  await sendFile({ ...ask, text: true }, flow, at, ask.query.path);
  return undefined;
});
