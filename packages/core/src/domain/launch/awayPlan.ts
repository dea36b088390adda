// What a plan says more of a run whose machine sees nothing of the service's: how its environment is made there, and which of its files
// come home. adapters/compute/courier carries it out. Pure.
import type { LocalBuild } from "../environment/localBuild.ts";

/** How the far machine comes to a python: it builds one, or it takes the one of that name that it has. */
export type AwayRecipe =
  | { readonly build: LocalBuild }
  /** As a definition writes it: a name on the PATH there, or a path of that machine. */
  | {
      readonly interpreter: string;
      /** What runs may do without it. */
      readonly optional?: true;
    };

export type AwayPlan = {
  readonly recipe?: AwayRecipe;
  /** Folders, or files, of the run's folder that come home while the run goes on and at its end. */
  readonly home: readonly string[];
  /** Folders of the run's folder, outside of its projects, that exist before the start. */
  readonly folders: readonly string[];
};

/** They stand in texts of a plan for what only the far machine knows, as FOLDER_MARK does for the run's folder. */
export const AWAY_MARKS = {
  /** The interpreter, absolute. */
  python: "\0python\0",
  /** The folder that the PATH of a command begins with; nothing for an interpreter that is on the PATH. */
  pythonFolder: "\0pythonFolder\0",
  /** The environment that was built: what VIRTUAL_ENV or CONDA_PREFIX say. */
  prefix: "\0prefix\0",
} as const;

/** In the run's folder on the far machine, and at home. */
export const AWAY_FILES = {
  /** Whom code inside the run trusts. */
  caBundle: "ca.pem",
  /** What is done before the script: the environment's making, as users of Azure ML know it. */
  prepareLogs: "azureml-logs",
} as const;
