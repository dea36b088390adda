// Submits the example project, which is built into the pages, as any client would: a definition and a zip.
import type { RunClient, WorkspaceClient } from "@malachite/client";
import { strToU8, zipSync } from "fflate";

/** The example's files by path; the bundler puts their texts in. */
const FILES = import.meta.glob("../../../../../examples/train/*", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Starts the example as a run of the experiment `train`. */
export function submitExample(workspace: WorkspaceClient): Promise<RunClient> {
  const zip = zipSync(
    Object.fromEntries(
      Object.entries(FILES).map(([path, text]) => [path.slice(path.lastIndexOf("/") + 1), strToU8(text)]),
    ),
  );
  return workspace.experiment("train").submit(
    {
      configuration: {
        script: "train.py",
        arguments: ["--epochs", "20"],
        target: "local",
        environment: { python: { userManagedDependencies: true, interpreterPath: "python3" } },
      },
    },
    { projectZip: new Uint8Array(zip) },
  );
}
