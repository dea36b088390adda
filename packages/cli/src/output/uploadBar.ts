// A bar while a project is sent, on a terminal only; loaded when there is something to show.
import type { ProjectProgress } from "@malachite/client/node";
import type { SingleBar } from "cli-progress";
import type { Io } from "../io.ts";
import { size } from "./times.ts";

/** Uploads below this are over before a bar could be read. */
const WORTH_BYTES = 1_000_000;

export type UploadBar = { readonly show: (progress: ProjectProgress) => void; readonly end: () => void };

/** A bar that appears with the first news of a large upload. `end` may be called more than once. */
export function createUploadBar(io: Io): UploadBar {
  let bar: SingleBar | undefined;
  let loading = false;
  let ended = false;
  let last: ProjectProgress | undefined;
  const draw = () => {
    if (last === undefined || bar === undefined) return;
    bar.setTotal(last.bytesTotal);
    bar.update(last.bytesSent, {
      sent: size(last.bytesSent),
      all: size(last.bytesTotal),
      files: last.filesTotal,
    });
  };
  const load = async () => {
    const { default: progress } = await import("cli-progress");
    if (ended) return;
    bar = new progress.SingleBar({
      format: "sending {bar} {percentage}%  {sent} of {all}, {files} files",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    });
    bar.start(last?.bytesTotal ?? 0, 0, { sent: "", all: "", files: 0 });
    draw();
  };
  return {
    show(progress) {
      if (!io.interactive || progress.phase !== "sending" || progress.bytesTotal < WORTH_BYTES) return;
      last = progress;
      if (loading) draw();
      else {
        loading = true;
        void load();
      }
    },
    end() {
      ended = true;
      bar?.stop();
      bar = undefined;
    },
  };
}
