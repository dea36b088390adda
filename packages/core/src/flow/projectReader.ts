// Small text files of a project, for whoever makes its environment.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Snapshot } from "../ports/snapshotStore.ts";
import type { FlowPorts } from "./ports.ts";

/** A list of requirements has a few kB, a lock of thousands of packages with their hashes some MB. */
const LONGEST_TEXT = 32 * 1024 * 1024;

/** How files of the snapshot are read; nothing where there is no project. */
export function projectReader(
  snapshot: Snapshot | undefined,
  { snapshots }: Pick<FlowPorts, "snapshots">,
): { readonly readProject?: (path: string) => Promise<string | undefined> } {
  if (!snapshot) return {};
  return {
    async readProject(path) {
      const file = await snapshots.find(snapshot.tree, path);
      return file && readText(snapshots.read(file));
    },
  };
}

/** All of it as text. Throws TooLarge. */
export async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > LONGEST_TEXT)
      throw new MalachiteError(
        "TooLarge",
        `A text that describes an environment may have ${LONGEST_TEXT} letters.`,
      );
  }
  return text + decoder.decode();
}
