// A definition that is being edited, as a text of JSON and as the few fields that people change most. Pure.
import { argumentsOf, commandOf, isMap } from "../copyAs/copied.ts";

export type Definition = Readonly<Record<string, unknown>> & {
  readonly configuration: Readonly<Record<string, unknown>>;
};
/** Either what was read, or what is wrong with the text. */
export type Read = { readonly definition: Definition } | { readonly fault: string };

/** Reads the text. What the service would refuse for other reasons is left to the service. */
export function readDefinition(text: string): Read {
  try {
    const value: unknown = JSON.parse(text);
    if (!isMap(value) || !isMap(value.configuration))
      return { fault: "A definition is an object with a 'configuration', which is an object too." };
    return { definition: { ...value, configuration: value.configuration } };
  } catch (error) {
    return { fault: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export const printDefinition = (definition: Definition): string => JSON.stringify(definition, null, 2);

/** One argument a line; undefined where an argument has lines of its own, which that form cannot say. */
export function argumentLines({ configuration }: Definition): string | undefined {
  const words = argumentsOf(configuration);
  return words.some((word) => word.includes("\n")) ? undefined : words.join("\n");
}

/** The definition with other values in its configuration; an undefined one takes the value away. */
export function withValues(
  { configuration, ...rest }: Definition,
  values: Readonly<Record<string, unknown>>,
): Definition {
  const changed = Object.entries({ ...configuration, ...values }).filter(([, value]) => value !== undefined);
  return { ...rest, configuration: Object.fromEntries(changed) };
}

/** Lines as arguments: each is one, as it stands, and those without anything in them none. */
export const argumentsOfLines = (lines: string): string[] => lines.split("\n").filter((line) => line !== "");

/** The line for the shell, where the run has one instead of a script. */
export const commandLine = ({ configuration }: Definition): string | undefined => commandOf(configuration);
