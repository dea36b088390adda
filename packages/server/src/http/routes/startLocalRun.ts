// startlocalrun: the answer is a zip to take to another machine, always as bytes, whatever the Accept header says.
import { execution } from "@malachite/contract";
import { sendZip } from "../content.ts";
import { route } from "../route.ts";
import { submission } from "../submission.ts";

export const startLocalRun = route(execution.startLocalRun, async (ask, { flow }) => {
  const { run, zip } = await flow.packLocalRun({ ...(await submission(ask)), serviceUrl: ask.base });
  // The zip does not tell the id of the run it is for.
  ask.reply.header("x-malachite-run-id", run.id);
  return sendZip(ask.reply, `${run.id}.zip`, zip, "application/octet-stream");
});
