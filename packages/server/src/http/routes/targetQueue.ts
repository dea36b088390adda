// Who holds what of a compute target, and who waits for it in which order.
import { malachite } from "@malachite/contract";
import { dateText } from "../dto/dates.ts";
import { given } from "../dto/run.ts";
import { DEFAULT_PAGE } from "../paging.ts";
import { route } from "../route.ts";

export const targetQueue = route(malachite.targetQueue, async ({ params, query, scope }, { flow }) => {
  const { top = DEFAULT_PAGE, continuationToken } = query;
  const asked = { scope, limit: top, ...given({ after: continuationToken || undefined }) };
  const { capacity, free, elsewhere, holders, values, next, machine, ...head } = await flow.queue(
    params.targetName,
    asked,
  );
  return {
    ...head,
    sharedWith: [...head.sharedWith],
    capacity: { ...amounts(capacity), ...given({ gpusByEngine: capacity.gpusByEngine }) },
    free: amounts(free),
    ...given({ machine: machine && { ...machine } }),
    holders: holders.map(({ since, gpus, ...holder }) => ({
      ...holder,
      gpus: [...gpus],
      since: dateText(since),
    })),
    elsewhere: { ...elsewhere, gpus: [...elsewhere.gpus] },
    value: values.map(({ since, ...waiter }) => ({ ...waiter, since: dateText(since) })),
    ...given({ continuationToken: next }),
  };
});

const amounts = ({
  places,
  nodes,
  gpus,
}: {
  readonly places: number;
  readonly nodes?: number;
  readonly gpus?: readonly number[];
}) => ({ places, ...given({ nodes, gpus: gpus && [...gpus] }) });
