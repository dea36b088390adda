// What can be wrong with a definition whose shape is right. Each rule names the property by its path. Pure.
import type { execution } from "@malachite/contract";
import type { Detail } from "../failure/malachiteError.ts";
import { RESERVED_VARIABLES } from "../launch/variables.ts";
import { PRIORITIES } from "../queue/needs.ts";
import { isObject } from "../scope.ts";
import { checkProjectPath } from "../snapshot/projectPath.ts";
import { commandLine, plainPath } from "./runDefinition.ts";

/** The kernel takes at most 128 KiB for one argument or variable, its end included (MAX_ARG_STRLEN of Linux). */
const LONGEST_ARGUMENT_BYTES = 131_071;
/** And about a quarter of the stack for all together; this leaves room for what the service adds. */
const ALL_ARGUMENTS_BYTES = 1_500_000;
/** Ten years: longer limits are a slip of units, and would overflow timers. */
const LONGEST_RUN_SECONDS = 315_360_000;

const encoder = new TextEncoder();
const bytes = (text: string): number => encoder.encode(text).length;
const VARIABLE_NAME = /^[^=\0]+$/;

type Configuration = execution.RunConfiguration;

/** Every fault of the values in a definition, all at once. What has not even the right type is passed over: that is told already. */
export function valueFaults(definition: execution.RunDefinition, only?: "prepare"): Detail[] {
  const configuration = definition.configuration;
  if (configuration !== undefined && !isObject(configuration)) return [];
  if (!configuration)
    return [{ target: "configuration", message: "'configuration' is required and was not given." }];
  return [
    ...(only === "prepare" && !configuration.script ? [] : scriptFaults(configuration)),
    ...numberFaults(configuration),
    ...argumentFaults(configuration),
    ...variableFaults(configuration),
    ...dockerFaults(configuration),
    ...folderFaults(configuration),
  ];
}

function scriptFaults(configuration: Configuration): Detail[] {
  const { script, command } = configuration;
  const target = "configuration.script";
  if (script !== undefined && typeof script !== "string") return [];
  if (command !== undefined && typeof command !== "string" && texts(command).length === 0) return [];
  const line = commandLine(configuration);
  if (line !== undefined) return commandFaults(configuration, line);
  if (!script) {
    return [
      {
        target,
        message: "'script' is required: the path of the script in the project folder. Or give a 'command'.",
      },
    ];
  }
  const checked = checkProjectPath(plainPath(script));
  return checked.ok
    ? []
    : [
        {
          target,
          message: `${JSON.stringify(script)} is not a path in the project folder: ${checked.reason}`,
        },
      ];
}

function commandFaults({ script, arguments: given }: Configuration, line: string): Detail[] {
  const target = "configuration.command";
  if (script) {
    const message = "'command' and 'script' exclude each other; give one of them.";
    return [{ target, message }];
  }
  if (given !== undefined && given.length > 0) {
    const message = "Arguments belong to a script; write those of a command into its line.";
    return [{ target: "configuration.arguments", message }];
  }
  if (line.includes("\0")) return [{ target, message: "A command cannot hold a NUL character." }];
  if (bytes(line) <= LONGEST_ARGUMENT_BYTES) return [];
  const message = `A command may have ${LONGEST_ARGUMENT_BYTES} bytes; this one has ${bytes(line)}. Put it into a file of the project.`;
  return [{ target, message }];
}

function numberFaults({ maxRunDurationSeconds: longest, nodeCount, priority }: Configuration): Detail[] {
  const faults: Detail[] = [];
  if (typeof longest === "number" && (longest < 1 || longest > LONGEST_RUN_SECONDS)) {
    faults.push({
      target: "configuration.maxRunDurationSeconds",
      message: `Must be 1 to ${LONGEST_RUN_SECONDS} seconds, or null for no limit; ${longest} was given.`,
    });
  }
  if (typeof nodeCount === "number" && nodeCount < 1) {
    faults.push({ target: "configuration.nodeCount", message: `Must be 1 or more; ${nodeCount} was given.` });
  }
  const { lowest, highest } = PRIORITIES;
  if (typeof priority === "number" && (priority < lowest || priority > highest)) {
    faults.push({
      target: "configuration.priority",
      message: `Must be ${lowest} to ${highest}, higher is served first; ${priority} was given.`,
    });
  }
  return faults;
}

function argumentFaults(configuration: Configuration): Detail[] {
  const faults: Detail[] = [];
  const given = texts(configuration.arguments);
  given.forEach(([argument, i]) => {
    const target = `configuration.arguments[${i}]`;
    if (argument.includes("\0")) faults.push({ target, message: "An argument cannot hold a NUL character." });
    else if (bytes(argument) > LONGEST_ARGUMENT_BYTES) {
      faults.push({
        target,
        message: `One argument may have ${LONGEST_ARGUMENT_BYTES} bytes; this one has ${bytes(argument)}. Put it into a file of the project.`,
      });
    }
  });
  const all = given.reduce((sum, [argument]) => sum + bytes(argument) + 1, 0);
  if (faults.length === 0 && all > ALL_ARGUMENTS_BYTES) {
    faults.push({
      target: "configuration.arguments",
      message: `All arguments together may have ${ALL_ARGUMENTS_BYTES} bytes; these have ${all}. Put them into a file of the project.`,
    });
  }
  return faults;
}

function variableFaults(configuration: Configuration): Detail[] {
  const maps = [
    ["configuration.environment.environmentVariables", configuration.environment?.environmentVariables],
    ["configuration.environmentVariables", configuration.environmentVariables],
  ] as const;
  let all = 0;
  const faults: Detail[] = [];
  for (const [place, variables] of maps) {
    for (const [name, value] of isObject(variables) ? Object.entries(variables) : []) {
      if (typeof value !== "string") continue;
      all += bytes(name) + bytes(value) + 2;
      const message = faultOfVariable(name, value);
      if (message !== undefined) faults.push({ target: `${place}.${name}`, message });
    }
  }
  if (all > ALL_ARGUMENTS_BYTES) {
    faults.push({
      target: configuration.environmentVariables ? maps[1][0] : maps[0][0],
      message: `All variables together may have ${ALL_ARGUMENTS_BYTES} bytes; these have ${all}.`,
    });
  }
  return faults;
}

function faultOfVariable(name: string, value: string): string | undefined {
  if (!VARIABLE_NAME.test(name)) return "The name of a variable cannot be empty or hold '=' or NUL.";
  if (value.includes("\0")) return "The value of a variable cannot hold a NUL character.";
  if (RESERVED_VARIABLES.has(name)) return `'${name}' is set by the service itself and cannot be given.`;
  if (bytes(name) + bytes(value) + 1 <= LONGEST_ARGUMENT_BYTES) return undefined;
  return `Name and value may have ${LONGEST_ARGUMENT_BYTES} bytes together.`;
}

function dockerFaults(configuration: Configuration): Detail[] {
  const docker = configuration.environment?.docker;
  if (!docker?.baseImage || !docker.baseDockerfile) return [];
  return [
    {
      target: "configuration.environment.docker",
      message: "baseImage and baseDockerfile exclude each other; give one of them.",
    },
  ];
}

function folderFaults(configuration: Configuration): Detail[] {
  return texts(configuration.history?.directoriesToWatch).flatMap(([folder, i]) => {
    const checked = checkProjectPath(plainPath(folder));
    const target = `configuration.history.directoriesToWatch[${i}]`;
    return checked.ok
      ? []
      : [{ target, message: `${JSON.stringify(folder)} is not a folder of the project: ${checked.reason}` }];
  });
}

/** The texts of a list with their places in it. */
const texts = (list: unknown): (readonly [string, number])[] =>
  Array.isArray(list)
    ? list.flatMap((item: unknown, i) => (typeof item === "string" ? [[item, i] as const] : []))
    : [];
