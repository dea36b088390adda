// The environment variables of a run: a small documented set of the service's own, what the plan asks for, and the secrets.
import { type Launch, MalachiteError } from "@malachite/core";

/** What a run inherits from the service; nothing else of the service's environment reaches it. LC_* besides. */
export const INHERITED = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"] as const;

/** Variables that each process of a run bears; by RUN_FOLDER its processes are found where there are no control groups. */
export const MARKS = { key: "MALACHITE_LAUNCH_KEY", folder: "MALACHITE_RUN_FOLDER" } as const;

/** The loader reads these in every program, so also in the start script, which must not break by them. */
const LOADER = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"];

/** Picks from the service's own environment what a run inherits. */
export function inheritedEnvironment(
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const picked: Record<string, string> = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" };
  for (const [name, value] of Object.entries(own)) {
    const isPicked = (INHERITED as readonly string[]).includes(name) || /^LC_[A-Z]+$/.test(name);
    if (value !== undefined && isPicked) picked[name] = value;
  }
  return picked;
}

/** How a command is handed to the start script: its environment, and the command itself. */
export type Prepared = { readonly env: Record<string, string>; readonly argv: readonly string[] };

/**
 * Puts it together: the plan overrides what is inherited, secrets override the plan, marks override all.
 * A shell drops variables whose names it cannot have itself (`my.var`), so those travel as arguments of `env`.
 * Throws InvalidDefinition for what the system cannot take: NUL, an empty name, `=` in a name.
 */
export function prepareCommand(
  { plan, secrets }: Launch,
  inherited: Readonly<Record<string, string>>,
  folder: string,
): Prepared {
  for (const [index, argument] of plan.argv.entries()) refuseNul(argument, `argument ${index}`);
  if (plan.argv.length === 0)
    throw new MalachiteError("InvalidDefinition", "The command of the run is empty.");
  const env: Record<string, string> = {};
  const odd: string[] = [];
  const all = {
    ...inherited,
    ...plan.environment,
    ...secrets,
    [MARKS.key]: plan.key,
    [MARKS.folder]: folder,
  };
  for (const [name, value] of Object.entries(all)) {
    checkName(name);
    refuseNul(value, `the value of environment variable ${name}`);
    if (LOADER.includes(name)) env[`MALACHITE_${name}`] = value;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) env[name] = value;
    else if (name in secrets) throw oddSecret(name);
    else odd.push(`${name}=${value}`);
  }
  if (odd.length > 0 && plan.argv[0]?.includes("=")) {
    const names = odd.map((entry) => entry.slice(0, entry.indexOf("="))).join(", ");
    const text = `A command with = in its name cannot be given the environment variables ${names}.`;
    throw new MalachiteError("InvalidDefinition", text);
  }
  return { env, argv: odd.length === 0 ? plan.argv : ["env", ...odd, ...plan.argv] };
}

function checkName(name: string): void {
  refuseNul(name, "the name of an environment variable");
  if (name === "" || name.includes("=") || name.startsWith("-")) {
    const text = `'${name}' cannot be the name of an environment variable.`;
    throw new MalachiteError("InvalidDefinition", text, {
      target: "configuration.environment.environmentVariables",
    });
  }
}

function refuseNul(text: string, what: string): void {
  if (text.includes("\0")) {
    throw new MalachiteError(
      "InvalidDefinition",
      `There is a NUL character in ${what}; no program can be given one.`,
    );
  }
}

const oddSecret = (name: string): MalachiteError =>
  new MalachiteError(
    "InvalidDefinition",
    `The secret '${name}' must have a name of letters, digits and _, since others would show among the arguments.`,
  );
