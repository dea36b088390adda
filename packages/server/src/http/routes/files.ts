// The files of a run for people: a zip of them, and links that a browser follows without a token.
import { malachite } from "@malachite/contract";
import { type Flow, MalachiteError, type RunAddress } from "@malachite/core";
import { placeOfRun } from "../artifactPlace.ts";
import type { FileLinkAsk } from "../auth/links.ts";
import { sendFile, sendZip } from "../content.ts";
import { dateText } from "../dto/dates.ts";
import { given } from "../dto/run.ts";
import { type Ask, addressOf, route } from "../route.ts";

const placeAt = async (flow: Flow, address: RunAddress) => placeOfRun((await flow.getRun(address)).run);

export const zipFiles = route(malachite.zipFiles, async (ask, { flow }) => {
  const { at } = await placeAt(flow, addressOf(ask));
  return sendZip(
    ask.reply,
    `${ask.params.runId}.zip`,
    flow.zipFiles(at, given({ prefix: ask.query.prefix })),
  );
});

export const linkFiles = route(malachite.linkFiles, async (ask, { flow, auth }) => {
  const { at } = await placeAt(flow, addressOf(ask));
  // A link to nothing is better told now than where it is followed.
  if (ask.query.path !== undefined) await flow.fileInfo(at, ask.query.path);
  const { uri, expiresAt } = auth.links.signFiles(ask.base, linkOf(ask));
  return { uri, expiresAt: dateText(expiresAt) };
});

export const signedFiles = route(malachite.signedFiles, async (ask, { flow, auth }) => {
  if (!auth.links.verifyFiles(linkOf(ask), ask.query))
    throw new MalachiteError("NotAllowed", "The link is not valid or has ended. Ask for a new one.", {
      target: "sig",
    });
  const { at } = await placeAt(flow, addressOf(ask));
  const { path, prefix, as } = ask.query;
  if (path === undefined)
    return sendZip(ask.reply, `${ask.params.runId}.zip`, flow.zipFiles(at, given({ prefix })));
  await sendFile(ask, flow, at, path, as ?? "attachment", true);
  return undefined;
});

const linkOf = ({
  scope,
  params,
  query: { path, prefix, as },
}: Pick<Ask<typeof malachite.linkFiles>, "scope" | "params" | "query">): FileLinkAsk => ({
  scope,
  runId: params.runId,
  ...given({ path, prefix, as }),
});
