// All files of a container, or of a folder of it, as one zip: kept ones and growing ones, each as it is when its turn comes.
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { checkProjectPath } from "../domain/snapshot/projectPath.ts";
import type { ZipFile } from "../ports/fileZipper.ts";
import type { Container } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { listFiles, openFile } from "./runFiles.ts";

type ZipPorts = Pick<FlowPorts, "artifacts" | "runs" | "targets" | "zipper">;

const FILES_AT_ONCE = 500;

export const zipFiles = (
  at: Container,
  { prefix }: { readonly prefix?: string },
  ports: ZipPorts,
): AsyncIterable<Uint8Array> => ports.zipper.zip(filesOf(at, prefix, ports));

async function* filesOf(at: Container, prefix: string | undefined, ports: ZipPorts): AsyncGenerator<ZipFile> {
  let after: string | undefined;
  do {
    const { values, next } = await listFiles(
      at,
      {
        limit: FILES_AT_ONCE,
        ...(prefix === undefined ? {} : { prefix }),
        ...(after === undefined ? {} : { after }),
      },
      ports,
    );
    for (const { path } of values) {
      // What a program calls `..\x` would lead out of the folder of whoever unpacks it on Windows.
      if (!checkProjectPath(path).ok) continue;
      const file = await openFile(at, path, ports).catch(gone);
      if (file === undefined) continue;
      await using _ = file;
      const { sizeBytes, changedAt } = file.info;
      yield { path, sizeBytes, changedAt, bytes: file.read(0, sizeBytes) };
    }
    after = next;
  } while (after !== undefined);
}

/** A file may go while the others are sent. */
function gone(error: unknown): undefined {
  if (isMalachiteError(error) && error.code === "ArtifactNotFound") return undefined;
  throw error;
}
