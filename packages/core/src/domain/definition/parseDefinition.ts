// A definition as it was sent becomes a whole one, or an error that names every fault at once. Pure.
import { execution, readWire } from "@malachite/contract";
import { dataFaults } from "../data/dataFaults.ts";
import { type Detail, MalachiteError } from "../failure/malachiteError.ts";
import { isObject, type JsonObject } from "../scope.ts";
import { valueFaults } from "./faults.ts";
import { groupFaults } from "./groupFaults.ts";
import { commandLine, DEFAULT_TARGET, plainPath, type WholeDefinition } from "./runDefinition.ts";
import { sparkFaults } from "./sparkFaults.ts";
import { unsupportedBeside, unsupportedFaults } from "./unsupported.ts";

/** `only`: the script is not run, and need not be told. Throws InvalidDefinition, or UnsupportedField when all that is wrong is that something is not done here. */
export function parseDefinition(
  sent: unknown,
  only?: "prepare",
): {
  readonly definition: WholeDefinition;
  readonly sent: JsonObject;
  /** In neither of the two, which are kept and handed back. */
  readonly registryPassword?: string;
} {
  const { value, faults } = readWire(execution.RunDefinition, sent);
  const given = isObject(value) ? withoutSecrets(value as execution.RunDefinition) : {};
  const unfaulted = ({ target }: Detail) => !faults.some((fault) => isAtOrBelow(target, fault.target));
  const values = valueFaults(given, only).filter(unfaulted);
  const configured = isObject(given.configuration) ? given.configuration : undefined;
  // What goes with what is asked only of values that are right by themselves.
  const groups =
    faults.length === 0 && values.length === 0 && configured
      ? [...groupFaults(configured), ...sparkFaults(configured)]
      : [];
  const data = faults.length === 0 && configured ? dataFaults(configured) : undefined;
  const wrong = [...faults, ...values, ...groups, ...(data?.wrong ?? [])];
  const unsupported = isObject(given.configuration)
    ? [
        ...unsupportedBeside(given),
        ...unsupportedFaults(given.configuration),
        ...(data?.unsupported ?? []),
      ].filter(unfaulted)
    : [];
  if (wrong.length > 0) throw refuse("InvalidDefinition", [...wrong, ...unsupported]);
  if (unsupported.length > 0) throw refuse("UnsupportedField", unsupported);
  const registryPassword = (value as execution.RunDefinition).configuration?.environment?.docker
    ?.baseImageRegistry?.password;
  return {
    definition: madeWhole(given, only),
    sent: withoutSecretsAsSent(sent),
    ...(registryPassword ? { registryPassword } : {}),
  };
}

/** What is wrong in its shape is told once, not again for the values in it. */
const isAtOrBelow = (target: string, place: string): boolean =>
  target === place || place === "" || target.startsWith(`${place}.`) || target.startsWith(`${place}[`);

function madeWhole(given: execution.RunDefinition, only?: "prepare"): WholeDefinition {
  const { command: _, ...configuration } = given.configuration ?? {};
  const command = commandLine(given.configuration ?? {});
  return {
    ...given,
    runType: given.runType ?? "experiment",
    prepareOnly: only === "prepare" ? true : undefined,
    configuration: {
      ...configuration,
      ...(command === undefined ? {} : { command }),
      script: plainPath(configuration.script ?? ""),
      arguments: configuration.arguments ?? [],
      framework: configuration.framework ?? "Python",
      communicator: configuration.communicator ?? "None",
      target: configuration.target || DEFAULT_TARGET,
      nodeCount: configuration.nodeCount ?? 1,
    },
  };
}

function refuse(code: "InvalidDefinition" | "UnsupportedField", details: readonly Detail[]): MalachiteError {
  const [first] = details;
  const more = details.length > 1 ? ` (and ${details.length - 1} more, see details)` : "";
  const what =
    code === "InvalidDefinition"
      ? "The run definition is not valid"
      : "The run definition asks for what this service does not do";
  return new MalachiteError(code, `${what}: ${first?.target || "definition"}: ${first?.message}${more}`, {
    target: first?.target,
    details,
  });
}

/** Registry passwords are kept apart from the definition: that is handed back. */
function withoutSecrets(given: execution.RunDefinition): execution.RunDefinition {
  const registry = given.configuration?.environment?.docker?.baseImageRegistry;
  if (!registry?.password) return given;
  const environment = {
    ...given.configuration?.environment,
    docker: {
      ...given.configuration?.environment?.docker,
      baseImageRegistry: { ...registry, password: undefined },
    },
  };
  return { ...given, configuration: { ...given.configuration, environment } };
}

const SECRET = /^(password|sastoken|accountkey|credential|secret)$/i;

/** The definition as it was sent, but for values under names that hold secrets. */
function withoutSecretsAsSent(sent: unknown): JsonObject {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        SECRET.test(key) && typeof inner === "string" ? null : strip(inner),
      ]),
    );
  };
  return strip(sent) as JsonObject;
}
