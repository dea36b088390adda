// The plan as courier.py reads it: what runs, with marks for what only the far machine knows. Holds no secret.
import { randomBytes } from "node:crypto";
import { AWAY_MARKS, environmentTools, FOLDER_MARK, type LaunchPlan, logsOf } from "@malachite/core";
import { INHERITED, MARKS, prepareCommand } from "../shared/runEnvironment.ts";

/** `kinds`: what the source of each mount is. No variable can hold the NUL of the plan's own marks; these cannot be guessed by who writes a definition. */
export function jobText(plan: LaunchPlan, kinds: readonly ("folder" | "file")[]): string {
  const secret = randomBytes(12).toString("hex");
  const marks = {
    folder: `<folder ${secret}>`,
    python: `<python ${secret}>`,
    pythonFolder: `<pythonFolder ${secret}>`,
    prefix: `<prefix ${secret}>`,
  };
  const marked = withMarks(plan, (text) =>
    text
      .replaceAll(FOLDER_MARK, marks.folder)
      .replaceAll(AWAY_MARKS.python, marks.python)
      .replaceAll(AWAY_MARKS.pythonFolder, marks.pythonFolder)
      .replaceAll(AWAY_MARKS.prefix, marks.prefix),
  );
  const { env, argv } = prepareCommand({ plan: marked, secrets: {} }, {}, marks.folder);
  const { away, mounts = [], group } = marked;
  return JSON.stringify({
    version: 1,
    key: plan.key,
    marks,
    argv,
    environment: env,
    inherited: INHERITED,
    mark: { name: MARKS.folder, folder: marks.folder },
    ...away?.recipe,
    tools: environmentTools(plan.target) ?? {},
    ...(group === undefined ? {} : { group }),
    nodes: plan.nodes,
    projectFolders: plan.folders,
    folders: away?.folders ?? [],
    home: away?.home ?? [],
    logs: logsOf(plan),
    mounts: mounts.map(({ at, merge }, index) => ({ at, merge, is: kinds[index] })),
    // The variables of an image are part of what it is.
    inheritAll: plan.image !== undefined,
  });
}

/** Every text of the plan that may hold a mark. */
function withMarks(plan: LaunchPlan, fill: (text: string) => string): LaunchPlan {
  const list = (values: readonly string[]) => values.map(fill);
  const map = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));
  return {
    ...plan,
    argv: list(plan.argv),
    environment: map(plan.environment),
    ...(plan.mounts && { mounts: plan.mounts.map((mount) => ({ ...mount, at: fill(mount.at) })) }),
    ...(plan.group && {
      group: {
        ...plan.group,
        environment: map(plan.group.environment),
        processes: plan.group.processes.map((one) => ({
          ...one,
          argv: list(one.argv),
          environment: map(one.environment),
        })),
      },
    }),
  };
}
