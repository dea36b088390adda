// startlocalrun: the answer is a zip to take to another machine, always as bytes, whatever the Accept header says.
import { Readable } from "node:stream";
import { execution } from "@malachite/contract";
import { disposition } from "../content.ts";
import { route } from "../route.ts";
import { submission } from "../submission.ts";

export const startLocalRun = route(execution.startLocalRun, async (ask, { flow }) => {
  const { run, zip } = await flow.packLocalRun({ ...(await submission(ask)), serviceUrl: ask.base });
  ask.reply
    .headers({
      "content-type": "application/octet-stream",
      "content-disposition": disposition(`${run.id}.zip`),
      "x-content-type-options": "nosniff",
      // The zip does not tell the id of the run it is for.
      "x-malachite-run-id": run.id,
    })
    .send(Readable.from(zip, { objectMode: false }));
  return undefined;
});
