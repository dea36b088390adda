// Two servers on one PostgreSQL: how long a run waits for the other server when the one that has it is killed, or stopped in order.
import { isTerminal } from "@malachite/core";
import { withoutPostgres } from "@malachite/server/conformance";
import { Cluster, type ClusterServer, ownersOf } from "../e2e/servers/cluster.ts";
import { definitionOf, experiment, type WireRun, zipOf } from "../e2e/support/runs.ts";
import { until, workspacePath } from "../e2e/support/service.ts";
import { median, print, timed } from "./figures.ts";

/** Ends when it is canceled. */
const WAITS = "import time\ntime.sleep(3600)\n";

export async function servers(rounds = 5): Promise<void> {
  const missing = withoutPostgres();
  if (missing !== undefined) return void process.stderr.write(`${missing}\n`);
  await using cluster = await Cluster.start(2, ["--grace-seconds", "1"]);
  for (const how of ["SIGKILL", "SIGTERM"] as const) {
    const going: number[] = [];
    const anew: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const runId = await submit(cluster, WAITS);
      const [keeper, other] = await keeperOf(cluster, runId);
      await keeper.kill(how);
      going.push(await timed(() => cancel(other, runId)));
      anew.push(await timed(async () => ended(other, await submit({ servers: [other] }, "print(1)\n"))));
      await keeper.start();
    }
    const figures = (taken: readonly number[]) => ({
      value: median(taken),
      unit: "ms",
      longest: Math.max(...taken),
      rounds,
    });
    const aim = "within seconds; a lease is 9 s";
    print({
      figure: `${how}, to the end of its canceled run under the other server`,
      ...figures(going),
      aim,
    });
    print({ figure: `${how}, then a new run at the other server, whole`, ...figures(anew) });
  }
}

async function submit({ servers: [server] }: Pick<Cluster, "servers">, script: string): Promise<string> {
  const form = new FormData();
  form.set("runDefinitionFile", new Blob([JSON.stringify(definitionOf())], { type: "application/json" }));
  form.set("projectZipFile", new Blob([zipOf({ "main.py": script })]), "project.zip");
  const answer = await fetch(`${server?.url}/execution/v1.0${experiment()}/startrun`, {
    method: "POST",
    body: form,
    headers: { authorization: "Bearer dev" },
  });
  if (!answer.ok) throw new Error(`startrun → ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { runId: string }).runId;
}

/** The server that has started the run, and the other one. */
async function keeperOf(cluster: Cluster, runId: string): Promise<readonly [ClusterServer, ClusterServer]> {
  const [one, two] = cluster.servers as [ClusterServer, ClusterServer];
  const path = `/malachite/v1.0${workspacePath}/runs/${runId}/story`;
  const { actor } = await until(`${runId} to start`, async () => {
    const { value } = await one.json<{ value: { event: string; actor: string }[] }>("GET", path);
    return value.find(({ event }) => event === "started");
  });
  return ownersOf(cluster).get(actor) === one.url ? [one, two] : [two, one];
}

const ended = (server: ClusterServer, runId: string): Promise<unknown> =>
  until(`${runId} to end`, async () => {
    const run = await server.json<WireRun>("GET", `/history/v1.0${workspacePath}/runs/${runId}`);
    return isTerminal(run.status);
  });

async function cancel(server: ClusterServer, runId: string): Promise<void> {
  await server.json("POST", `/execution/v1.0${experiment()}/runId/${runId}/cancel`);
  await ended(server, runId);
}
