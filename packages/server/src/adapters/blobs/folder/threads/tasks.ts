// What the workers of the folder store can do, and how asks and answers cross the border between threads.
import { isMalachiteError, MalachiteError } from "@malachite/core";
import { storageFailed } from "../../../../files/index.ts";
import { describeTree } from "./describeTree.ts";
import { ingestContents, ingestProject } from "./ingest.ts";
import { keepClientTree } from "./keepClientTree.ts";
import { keepTree } from "./keepTree.ts";
import { packFiles } from "./pack.ts";
import { placeTree } from "./place.ts";
import { readTreeBody } from "./readTreeBody.ts";
import { sweepContents } from "./sweepContents.ts";

export const TASKS = {
  ingestProject,
  ingestContents,
  keepTree,
  readTreeBody,
  keepClientTree,
  describeTree,
  placeTree,
  packFiles,
  sweepContents,
} as const;
export type TaskName = keyof typeof TASKS;
export type TaskAsk<N extends TaskName> = Parameters<(typeof TASKS)[N]>[0];
export type TaskAnswer<N extends TaskName> = Awaited<ReturnType<(typeof TASKS)[N]>>;

/** What a worker says when it does a task, in words that structured cloning keeps. */
export const DOING: Readonly<Record<TaskName, string>> = {
  ingestProject: "Keeping a project",
  ingestContents: "Keeping contents",
  keepTree: "Making a snapshot",
  readTreeBody: "Reading a snapshot's tree",
  keepClientTree: "Making a snapshot",
  describeTree: "Reading a snapshot",
  placeTree: "Placing a project",
  packFiles: "Packing a snapshot",
  sweepContents: "Sweeping contents of projects",
};

/** An error as data: cloning would lose its class and fields. */
export type SentError = Pick<MalachiteError, "code" | "message" | "target" | "details"> & {
  readonly stack?: string;
};

/** Makes an error ready to cross; what the system refused becomes StorageFailed, any other bug Unexpected. */
export function sendError(name: TaskName, error: unknown): SentError | "aborted" {
  if (error instanceof Error && error.name === "AbortError") return "aborted";
  const isSystem = error instanceof Error && "syscall" in error;
  const known = isMalachiteError(error)
    ? error
    : isSystem
      ? (storageFailed(DOING[name], error) as MalachiteError)
      : new MalachiteError(
          "Unexpected",
          `${DOING[name]} failed: ${error instanceof Error ? error.message : String(error)}`,
        );
  const stack = error instanceof Error ? error.stack : undefined;
  return { code: known.code, message: known.message, target: known.target, details: known.details, stack };
}

export function receiveError({ code, message, target, details, stack }: SentError): MalachiteError {
  const cause = stack === undefined ? undefined : new Error(`In a worker: ${stack}`);
  return new MalachiteError(code, message, { target, details, cause });
}
