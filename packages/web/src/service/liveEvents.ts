// What the stream tells, until the client says it by itself.
import type { Run, WorkspaceClient } from "@malachite/client";

type OfLog = { runId: string; path?: string };
export type LiveEvent =
  | { kind: "hello"; place: string; resumed: boolean }
  | { kind: "connection"; state: "lost" | "healed" }
  | { kind: "run"; run: Run; place: string }
  | { kind: "metrics"; runId: string; names?: string[] }
  | { kind: "files"; runId: string }
  | { kind: "queue"; targets?: string[] }
  | { kind: "reset"; reason: string; place: string }
  | ({ kind: "log"; from: number; to: number; bytes: Uint8Array; place: string } & OfLog)
  | ({ kind: "restart"; reason: string } & OfLog)
  | ({ kind: "end"; status: string; to: number } & OfLog)
  | ({ kind: "fault"; code: string; message: string } & OfLog);

type Asked = {
  place?: string;
  watch?: string[];
  logs?: { runId: string; path?: string; place: string | number }[];
  abortSignal?: AbortSignal;
};
export const openEvents = (workspace: WorkspaceClient, asked: Asked): AsyncIterable<LiveEvent> =>
  (workspace as unknown as { events(asked: Asked): AsyncIterable<LiveEvent> }).events(asked);
