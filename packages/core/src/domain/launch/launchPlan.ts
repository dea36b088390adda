// What a driver is given to run: data that is made apart from any engine. Where it runs is the driver.
import type { JsonObject } from "../scope.ts";

/** Made from workspace, run and attempt; 1 to 48 of [a-z0-9-], so safe as a file, Slurm job, container and DNS name. */
export type LaunchKey = string & { readonly __launchKey: true };

/** A named place to run, as the settings describe it. */
export type TargetSettings = {
  readonly name: string;
  readonly kind: string;
  /** Runs of one pool share its slots. */
  readonly pool: string;
  /** Options of the driver, checked by it. */
  readonly options: JsonObject;
};

/** Everything an engine needs to run one attempt. Kept in the record before the launch; holds no secret. */
export type LaunchPlan = {
  readonly key: LaunchKey;
  readonly target: TargetSettings;
  /** Hash of the project tree to place into the working folder; absent for no project. */
  readonly tree?: string;
  /** The command and its arguments, run in the project folder. Never a shell line. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Folders of the project folder that exist before the start: outputs, logs. */
  readonly folders: readonly string[];
  readonly nodes: number;
};

/** A plan on its way to the engine, with what must not be kept: tokens and passwords, as environment variables. */
export type Launch = { readonly plan: LaunchPlan; readonly secrets: Readonly<Record<string, string>> };

/** Paths inside a run's folder, the same on every engine. */
export const RUN_FOLDER = {
  /** The working folder of the script. */
  project: "project",
  /** stdout and stderr of the script, byte for byte. */
  log: "user_logs/std_log.txt",
  /** Written by rename as the last act of the start script. */
  exit: "exit.json",
} as const;

/** The log of a run that the v1 SDK runs on its own machine: that is where its users look. */
export const LOCAL_LOG = "azureml-logs/70_driver_log.txt";
