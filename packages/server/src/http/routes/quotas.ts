// What a workspace and its users have of their quotas.
import { malachite } from "@malachite/contract";
import { given } from "../dto/run.ts";
import { DEFAULT_PAGE } from "../paging.ts";
import { route } from "../route.ts";

/** Others than operators see themselves and the workspace. */
export const quotas = route(malachite.quotas, async ({ scope, query, by }, { flow, auth }) => {
  const { limit = DEFAULT_PAGE, after } = query;
  const user = auth.isOperator(by) ? undefined : by.objectId;
  const { limits, users, ...page } = await flow.quotas(scope, given({ user }), {
    limit,
    ...given({ after }),
  });
  return {
    ...page,
    limits: { workspace: { ...limits.workspace }, user: { ...limits.user } },
    users: [...users],
  };
});
