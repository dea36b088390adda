// Lists of runs: by a query in the body, and by a query string the children of a run and the runs of a compute target.
import { history } from "@malachite/contract";
import {
  type Filter,
  type Flow,
  MalachiteError,
  type PageAsk,
  RUN_FIELDS,
  type RunAddress,
} from "@malachite/core";
import { given, runDto } from "../dto/run.ts";
import { LARGEST_PAGE, pageByBody, pageByQuery } from "../paging.ts";
import { addressOf, experimentOf, route } from "../route.ts";

export const queryRuns = route(history.queryRuns, async (ask, { flow, sdkStatus }) => {
  const query = await ask.body();
  if (/^archivedonly$/i.test(query.viewType ?? "")) {
    throw new MalachiteError(
      "InvalidRequest",
      "Runs cannot be archived. Leave viewType out, or filter by hidden.",
      {
        target: "viewType",
      },
    );
  }
  const page = await flow.listRuns({
    ...pageByBody(query, RUN_FIELDS),
    ...experimentOf(ask),
  });
  return {
    value: page.values.map((run) => runDto(sdkStatus.ofRun(run, ask.request), ask.base)),
    ...given({ continuationToken: page.next }),
  };
});

export const listRuns = route(history.listRuns, async (ask, { flow, sdkStatus }) => {
  const page = await flow.listRuns({ ...pageByQuery(ask.query, RUN_FIELDS), ...experimentOf(ask) });
  return {
    value: page.values.map((run) => runDto(sdkStatus.ofRun(run, ask.request), ask.base)),
    ...given({ continuationToken: page.next, nextLink: page.next && nextLink(ask, page.next) }),
  };
});

export const listChildren = route(history.listChildren, async (ask, { flow, sdkStatus }) => {
  const address = addressOf(ask);
  const asked = pageByQuery(ask.query, RUN_FIELDS);
  const page = await flow.listChildren(address, asked);
  const count = ask.query.$count === true ? await countChildren(flow, address, asked) : undefined;
  return {
    value: page.values.map((run) => runDto(sdkStatus.ofRun(run, ask.request), ask.base)),
    ...given({ continuationToken: page.next, nextLink: page.next && nextLink(ask, page.next), count }),
  };
});

/** The runs of the workspace that were made for a compute target. */
export const listRunsByCompute = route(history.listRunsByCompute, async (ask, { flow, sdkStatus }) => {
  const { filter, ...asked } = pageByQuery(ask.query, RUN_FIELDS);
  const ofTarget: Filter = {
    op: "eq",
    field: { of: "field", name: "target" },
    literal: { value: ask.params.computeName },
  };
  const both: Filter = filter ? { op: "and", parts: [ofTarget, filter] } : ofTarget;
  const page = await flow.listRuns({ ...asked, filter: both, scope: ask.scope });
  return {
    value: page.values.map((run) => runDto(sdkStatus.ofRun(run, ask.request), ask.base)),
    ...given({ continuationToken: page.next, nextLink: page.next && nextLink(ask, page.next) }),
  };
});

/** All that the filter lets through, whatever the page. Rarely asked for, and a run has few children. */
async function countChildren(flow: Flow, address: RunAddress, { filter }: PageAsk): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await flow.listChildren(address, {
      limit: LARGEST_PAGE,
      ...given({ filter, after }),
    } as PageAsk);
    count += page.values.length;
    after = page.next;
  } while (after !== undefined);
  return count;
}

/** The same address with the place to go on from. */
function nextLink({ base, request }: { base: string; request: { url: string } }, token: string): string {
  const url = new URL(request.url, "http://unused");
  for (const name of [...url.searchParams.keys()]) {
    if (name.toLowerCase() === "$continuationtoken") url.searchParams.delete(name);
  }
  url.searchParams.set("$continuationtoken", token);
  return `${base}${url.pathname}${url.search}`;
}
