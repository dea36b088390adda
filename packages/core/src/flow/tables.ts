// Tables over very many runs and experiments, as the outside asks for them.
import type { Page } from "../domain/query/filter.ts";
import type { Scope } from "../domain/scope.ts";
import type {
  ExperimentSummary,
  ExperimentTableAsk,
  RunCounts,
  RunCountsAsk,
  RunTableAsk,
} from "../ports/runTables.ts";
import { experimentBy } from "./experiments.ts";
import { shown } from "./findRun.ts";
import type { ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type Named = { readonly experimentName?: string };

export interface TableFlow {
  /** See `RunTables.page`. None of an experiment that is not there. */
  runs(ask: RunTableAsk): Promise<Page<ShownRun> & { readonly isExact: boolean }>;
  /** See `RunTables.count`. */
  count(ask: RunCountsAsk & Named): Promise<RunCounts>;
  /** The parameters of many runs, of those that have any. */
  params(
    scope: Scope,
    runIds: readonly string[],
  ): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
  /** See `RunTables.experiments`. */
  experiments(
    scope: Scope,
    ask: ExperimentTableAsk,
  ): Promise<{ readonly values: readonly ExperimentSummary[]; readonly count: number }>;
}

export function tableFlow(
  ports: Pick<FlowPorts, "tables" | "experiments" | "tracking" | "clock">,
): TableFlow {
  const { tables, tracking, clock } = ports;
  return {
    async runs(ask) {
      const there = await placed(ask, ports);
      if (!there) return { values: [], isExact: true };
      const page = await tables.page({ ...there, at: clock.now() });
      return { ...page, values: page.values.map((run) => shown(run, ports)) };
    },
    async count(ask) {
      const there = await placed(ask, ports);
      return there ? tables.count({ ...there, at: clock.now() }) : { count: 0, byStatus: {}, isExact: true };
    },
    params: async (scope, runIds) => {
      const logs = [...(await tracking.logs(scope, runIds))];
      return new Map(logs.map(([id, { params }]) => [id, params]));
    },
    experiments: (scope, ask) => tables.experiments(scope, ask),
  };
}

/** The experiment by its id, however it was named. Undefined when there is none. */
async function placed<A extends { scope: Scope; experimentName?: string; experimentId?: string }>(
  ask: A,
  ports: Pick<FlowPorts, "experiments">,
): Promise<A | undefined> {
  const { experimentName, experimentId, ...rest } = ask;
  const name = experimentName ?? experimentId;
  if (name === undefined) return ask;
  const found = await experimentBy(ask.scope, name, ports);
  return found && ({ ...rest, experimentId: found.id } as unknown as A);
}
