// A run definition made whole: every default filled in, checked, safe to build a launch from. Unknown properties are kept beside.
import type { execution } from "@malachite/contract";

/** The definition with what every later step relies on. It still holds all that the client sent, but secrets. */
export type WholeDefinition = execution.RunDefinition & {
  readonly runType: string;
  readonly configuration: execution.RunConfiguration & {
    readonly script: string;
    readonly arguments: string[];
    readonly framework: "Python";
    readonly communicator: "None";
    readonly target: string;
    readonly nodeCount: 1;
  };
};

/** The target that always exists, and that a definition without one means (execution.json). */
export const DEFAULT_TARGET = "local";

/** `./train.py` and `train.py`, `logs/` and `logs`, are the same place in the project. */
export const plainPath = (path: string): string => path.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
