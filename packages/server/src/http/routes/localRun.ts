// localrun and localprepare: the client has the project, and starts what it is answered in its own copy of it.
import { execution } from "@malachite/contract";
import { sendZip } from "../content.ts";
import type { Edge } from "../edge.ts";
import { readLocalForm } from "../plugins/localForm.ts";
import { type Ask, route } from "../route.ts";

export const localRun = route(execution.localRun, (ask, edge) => pack(ask, edge));
export const localPrepare = route(execution.localPrepare, (ask, edge) => pack(ask, edge, "prepare"));

async function pack(
  { params, query, scope, by, base, request, reply }: Ask<typeof execution.localRun>,
  { flow, settings }: Edge,
  only?: "prepare",
): Promise<undefined> {
  const definition = await readLocalForm(request, settings);
  const { run, zip } = await flow.packLocalRun({
    scope,
    experimentName: params.experimentName,
    ...(query.runId === undefined ? {} : { runId: query.runId }),
    definition,
    by,
    serviceUrl: base,
    besideProject: true,
    ...(only === undefined ? {} : { only }),
  });
  reply.header("x-malachite-run-id", run.id);
  return sendZip(reply, `${run.id}.zip`, zip);
}
