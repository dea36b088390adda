// The log of what is done for a run beside its script (an environment that is made, data that is brought), as a file of the run: it
// grows while the tools speak.
import type { Run } from "../domain/run/run.ts";
import type { BuildLog } from "../ports/environmentBuilder.ts";
import type { FlowPorts } from "./ports.ts";

/** Where users of Azure ML look for it. */
export const BUILD_LOG = "azureml-logs/20_image_build_log.txt";
/** Longer waits would show in a page that follows it; shorter ones would write the disk full of single lines. */
const WRITTEN_EVERY_MS = 250;

/**
 * Begins the file anew at the first word: a step that is repeated repeats its log. Nothing said, no file. Disposing writes what is
 * left. A log that cannot be kept is no reason to fail a run.
 */
export function openBuildLog(
  run: Run,
  { artifacts, clock }: Pick<FlowPorts, "artifacts" | "clock">,
  path: string = BUILD_LOG,
): AsyncDisposable & { readonly write: BuildLog } {
  const encoder = new TextEncoder();
  let waiting = "";
  let begun = false;
  let writing: Promise<void> | undefined;
  let failed = false;

  async function flush(): Promise<void> {
    const text = waiting;
    waiting = "";
    if (text === "" || failed) return;
    const stream = (async function* () {
      yield encoder.encode(text);
    })();
    try {
      if (begun) await artifacts.append(run.scope, run.dataContainerId, path, stream);
      else await artifacts.put(run.scope, run.dataContainerId, path, { stream }, { overwrite: true });
      begun = true;
    } catch {
      // The store says why in its own log; the build goes on.
      failed = true;
    }
  }

  const stopped = new AbortController();
  return {
    async write(text) {
      waiting += text;
      writing ??= clock
        .sleep(WRITTEN_EVERY_MS, stopped.signal)
        .catch(() => {
          // Stopped: what waits is written now.
        })
        .then(flush)
        .finally(() => {
          writing = undefined;
        });
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await writing;
      await flush();
    },
  };
}
