// What the service and its launcher say to each other over the IPC channel. Types only.
import type { Command, CommandEnd } from "../../shared/commandRunner.ts";

/** Please start this program, in a session of its own, with no streams. */
export type SpawnRequest = {
  readonly id: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Not any more from then on, in ms of the machine's monotonic clock: then the answer has the code TOO_LATE. */
  readonly before?: number;
};

/** Please run this command to its end. */
export type RunRequest = { readonly id: number; readonly command: Command };

export type LauncherRequest = SpawnRequest | RunRequest;

export type LauncherAnswer = SpawnAnswer | { readonly id: number; readonly end: CommandEnd };

type SpawnAnswer =
  | {
      readonly id: number;
      readonly pid: number;
      /** Field 22 of /proc/PID/stat; empty where there is no /proc. */
      readonly startTime: string;
    }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };
