// The definition as a details request shows it: the properties of the configuration stand at the top, where the v1 SDK and its
// mlflow plug-in read them, beside those of the definition. Pure.
import { isObject, type JsonObject } from "../scope.ts";
import type { WholeDefinition } from "./runDefinition.ts";

/** `sent` is what the client sent; what it set to null is shown as null, since readers of the SDK ask for the key. */
export function showDefinition(whole: WholeDefinition, sent: JsonObject | undefined): JsonObject {
  const { configuration, prepareOnly: _, rerunOf: __, ...rest } = whole;
  const shown = withNulls({ ...rest, configuration: { command: "", ...configuration } }, sent) as JsonObject;
  return { ...(shown.configuration as JsonObject), ...shown };
}

/** The definition itself, once, with every default filled in: without what only the service needs to know. */
export function resolvedDefinition({ prepareOnly: _, rerunOf: __, ...rest }: WholeDefinition): JsonObject {
  return rest;
}

/** `whole` with every property that is null in `sent` and has no value, however its name is spelled. */
function withNulls(whole: unknown, sent: unknown): unknown {
  if (!isObject(whole) || !isObject(sent)) return whole;
  const spelling = new Map(Object.keys(whole).map((name) => [name.toLowerCase(), name]));
  const shown: Record<string, unknown> = { ...whole };
  for (const [name, value] of Object.entries(sent)) {
    const known = spelling.get(name.toLowerCase());
    if (known === undefined && value === null) shown[name] = null;
    else if (known !== undefined) shown[known] = withNulls(shown[known], value);
  }
  return shown;
}
