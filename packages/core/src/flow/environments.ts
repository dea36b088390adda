// Registered environments as the outside uses them, and the look-up for a run definition that only names one.
import {
  contentText,
  keptDefinition,
  namedEnvironment,
  type RegisteredEnvironment,
  registryPasswordOf,
  withEnvironment,
  withOpened,
  withoutSealed,
  withSealed,
} from "../domain/environment/registered.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Page } from "../domain/query/filter.ts";
import type { JsonObject, Scope } from "../domain/scope.ts";
import type { WhichEnvironment } from "../ports/environmentRegistry.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import type { FlowPorts } from "./ports.ts";

/** `flow.environments`. */
export interface EnvironmentFlow {
  /** The same content answers the version that has it. Throws EnvironmentExists. */
  register(scope: Scope, name: string, sent: JsonObject, version?: string): Promise<RegisteredEnvironment>;
  /** Throws EnvironmentNotFound. */
  get(scope: Scope, name: string, which?: WhichEnvironment): Promise<RegisteredEnvironment>;
  list(
    scope: Scope,
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<Page<RegisteredEnvironment>>;
  /** Throws EnvironmentNotFound. */
  setLabels(scope: Scope, name: string, version: string, labels: readonly string[]): Promise<void>;
}

type EnvironmentPorts = Pick<
  FlowPorts,
  "environmentRegistry" | "secretBox" | "workspaces" | "clock" | "ids" | "settings"
>;

export const environmentFlow = (ports: EnvironmentPorts): EnvironmentFlow => ({
  async register(scope, name, sent, version) {
    await allowWorkspace(scope, ports);
    const definition = keptDefinition(sent);
    const password = registryPasswordOf(sent);
    const registered = await ports.environmentRegistry.register(scope, {
      name,
      ...(version === undefined ? {} : { version }),
      definition: withSealed(definition, password && ports.secretBox.seal(password)),
      fingerprint: ports.ids.sha256(contentText(definition)),
      ...(password === undefined ? {} : { renews: true }),
      at: ports.clock.now(),
    });
    return shown(registered);
  },
  get: async (scope, name, which) => shown(await find(scope, name, which, ports)),
  async list(scope, ask) {
    const page = await ports.environmentRegistry.list(scope, ask);
    return { ...page, values: page.values.map(shown) };
  },
  async setLabels(scope, name, version, labels) {
    if (labels.some((label) => label.toLowerCase() === LATEST))
      throw new MalachiteError("InvalidRequest", `The label '${LATEST}' is always the newest version's.`, {
        target: "labels",
      });
    if (!(await ports.environmentRegistry.setLabels(scope, name, version, labels)))
      throw missing(scope, name, { version });
  },
});

const LATEST = "latest";

const shown = (environment: RegisteredEnvironment): RegisteredEnvironment => ({
  ...environment,
  definition: withoutSealed(environment.definition),
});

/**
 * A run definition whose environment is only named becomes one that describes it, as it is registered now. Any other is answered as
 * it is. Throws EnvironmentNotFound.
 */
export async function fillEnvironment(
  scope: Scope,
  sent: unknown,
  ports: Pick<FlowPorts, "environmentRegistry" | "secretBox">,
): Promise<unknown> {
  const named = namedEnvironment(sent);
  if (!named) return sent;
  const which = named.version === undefined ? {} : { version: named.version };
  const found = await find(scope, named.name, which, ports);
  const definition = withOpened(found.definition, (sealed) => ports.secretBox.open(sealed));
  return withEnvironment(sent, { ...found, definition });
}

async function find(
  scope: Scope,
  name: string,
  which: WhichEnvironment | undefined,
  { environmentRegistry }: Pick<FlowPorts, "environmentRegistry">,
): Promise<RegisteredEnvironment> {
  const isLatest = which?.label?.toLowerCase() === LATEST;
  const found = await environmentRegistry.get(scope, name, isLatest ? {} : (which ?? {}));
  if (found) return found;
  throw missing(scope, name, which ?? {});
}

function missing(scope: Scope, name: string, which: WhichEnvironment): MalachiteError {
  const what =
    which.version !== undefined
      ? `version '${which.version}' of the environment '${name}'`
      : which.label !== undefined
        ? `version of the environment '${name}' with the label '${which.label}'`
        : `environment '${name}'`;
  const curated = /^azureml-/i.test(name)
    ? " Curated environments are Microsoft's and are not here: register one of your own under this name, and scripts that get it go on."
    : "";
  return new MalachiteError(
    "EnvironmentNotFound",
    `The workspace '${scope.workspace}' has no ${what}.${curated}`,
  );
}
