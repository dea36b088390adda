// Registered environments: registered, got, listed, labelled. Images of them are refused.
import { environment } from "@malachite/contract";
import { type Flow, MalachiteError, type RegisteredEnvironment, type Scope } from "@malachite/core";
import { given } from "../dto/run.ts";
import { DEFAULT_PAGE, LARGEST_PAGE } from "../paging.ts";
import { route } from "../route.ts";

/** The definition as clients send it back, under its name and version. */
const dto = ({ name, version, definition }: RegisteredEnvironment): environment.RegisteredEnvironment => ({
  name,
  version,
  ...definition,
});

export const listEnvironments = route(environment.listEnvironments, async ({ scope, query }, { flow }) => {
  const { continuation, count } = query;
  const page = await flow.environments.list(scope, {
    ...given({ after: continuation || undefined }),
    limit: Math.min(count ?? DEFAULT_PAGE, LARGEST_PAGE),
  });
  return { value: page.values.map(dto), ...given({ continuationToken: page.next }) };
});

export const getEnvironment = route(environment.getEnvironment, async ({ scope, params }, { flow }) =>
  dto(await flow.environments.get(scope, params.environmentName)),
);

export const getEnvironmentVersion = route(
  environment.getEnvironmentVersion,
  async ({ scope, params }, { flow }) =>
    dto(await flow.environments.get(scope, params.environmentName, { version: params.version })),
);

export const getEnvironmentByLabel = route(
  environment.getEnvironmentByLabel,
  async ({ scope, params }, { flow }) =>
    dto(await flow.environments.get(scope, params.environmentName, { label: params.label })),
);

export const registerEnvironment = route(
  environment.registerEnvironment,
  async ({ scope, params, body }, { flow }) =>
    dto(await flow.environments.register(scope, params.environmentName, await body())),
);

export const registerEnvironmentVersion = route(
  environment.registerEnvironmentVersion,
  async ({ scope, params, body }, { flow }) =>
    dto(await flow.environments.register(scope, params.environmentName, await body(), params.version)),
);

export const labelEnvironment = route(
  environment.labelEnvironment,
  async ({ scope, params, body }, { flow }) => {
    const { labels = [] } = await body();
    await flow.environments.setLabels(scope, params.environmentName, params.version, labels);
    return undefined;
  },
);

/** Refused as what it is; but an unknown environment is told first, since clients tell the two apart by the status. */
async function noImage(
  flow: Pick<Flow, "environments">,
  scope: Scope,
  { environmentName, version }: { readonly environmentName: string; readonly version?: string },
  what: string,
): Promise<never> {
  const found = await flow.environments.get(scope, environmentName, version ? { version } : {});
  throw new MalachiteError(
    "UnsupportedOperation",
    `${what} of the environment '${found.name}' (version ${found.version}) was asked for, but this service makes no images. Runs use the python of the machine they run on: set python.user_managed_dependencies to True and python.interpreter_path to one that has what the script needs.`,
  );
}

export const getEnvironmentImage = route(environment.getEnvironmentImage, ({ scope, params }, { flow }) =>
  noImage(flow, scope, params, "The image"),
);
export const buildEnvironmentImage = route(environment.buildEnvironmentImage, ({ scope, params }, { flow }) =>
  noImage(flow, scope, params, "A build"),
);
export const getEnvironmentRecipe = route(environment.getEnvironmentRecipe, ({ scope, params }, { flow }) =>
  noImage(flow, scope, params, "The recipe"),
);
