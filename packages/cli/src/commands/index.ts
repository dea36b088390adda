// The table of commands: what each is for, and how to load it. Kept apart from the commands, so that help costs nothing.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";

/** Adds options and the action of one command. */
export type Define = (command: Command, io: Io, frame: Frame) => void;
export type CommandEntry = {
  readonly about: string;
  readonly load: () => Promise<{ readonly define: Define }>;
};

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  up: { about: "Start the service on this machine.", load: () => import("./upCommand.ts") },
  demo: {
    about: "Start the service, run the example through it, and show what came of it.",
    load: () => import("./demoCommand.ts"),
  },
  submit: { about: "Submit a folder as a run.", load: () => import("./submitCommand.ts") },
  rerun: {
    about: "Start a run once more, with the project and the packages of then.",
    load: () => import("./rerunCommand.ts"),
  },
  list: { about: "List runs, newest first.", load: () => import("./listCommand.ts") },
  show: { about: "Show one run and its story.", load: () => import("./showCommand.ts") },
  logs: { about: "Print the log of a run, or follow it live.", load: () => import("./logsCommand.ts") },
  cancel: { about: "Cancel runs.", load: () => import("./cancelCommand.ts") },
  download: { about: "Download the files of a run.", load: () => import("./downloadCommand.ts") },
  why: { about: "Say what a run waits for, or why it ended.", load: () => import("./whyCommand.ts") },
  env: {
    about: "Print what a shell needs, for curl, the Azure ML SDK and MLflow.",
    load: () => import("./envCommand.ts"),
  },
  workspace: { about: "List, show and make workspaces.", load: () => import("./workspaceCommand.ts") },
  drain: {
    about: "Let the service end its runs, start no further one, and stop.",
    load: () => import("./drainCommand.ts"),
  },
  gc: {
    about: "Remove old runs and files as the settings say, or tell what would go.",
    load: () => import("./gcCommand.ts"),
  },
  quota: {
    about: "Show what the workspace and its users have of their quotas.",
    load: () => import("./quotaCommand.ts"),
  },
  audit: { about: "Show who did what on the service.", load: () => import("./auditCommand.ts") },
  backup: {
    about: "Copy the data folder of a service, also while it works.",
    load: () => import("./backupCommand.ts"),
  },
  restore: {
    about: "Make a data folder out of a backup.",
    load: async () => ({ define: (await import("./backupCommand.ts")).defineRestore }),
  },
  export: {
    about: "Write a workspace with all its files into an archive, also while its service works.",
    load: () => import("./movingCommand.ts"),
  },
  import: {
    about: "Take a workspace out of an archive into the stores of a service.",
    load: async () => ({ define: (await import("./movingCommand.ts")).defineImport }),
  },
  target: { about: "List, check and add compute targets.", load: () => import("./targetCommand.ts") },
};
