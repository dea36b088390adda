// The multipart form of a snapshot: files of the project, each streamed to disk, and beside them the tree they are part of.
import { rm } from "node:fs/promises";
import type { MultipartFile } from "@fastify/multipart";
import { MalachiteError } from "@malachite/core";
import type { FastifyRequest } from "fastify";
import type { Spool } from "../edge.ts";
import { atMost } from "./atMost.ts";
import { brokenForm } from "./brokenForm.ts";
import { parseJson, readBytes } from "./jsonBody.ts";

/** The clients send 500 files at once. */
const MOST_FILES = 10_000;
const MOST_ABOUT_BYTES = 1024 * 1024;
const TREE = "dirTree";
const FILES = "files";
/** How clients call the file that is the tree. A file of a project may have that name too; it has no type then. */
const TREE_FILE = "dirTreeRootFile";

export type SnapshotForm = AsyncDisposable & {
  readonly tree: string;
  readonly files: readonly { readonly name: string; readonly file: string }[];
  readonly about: { readonly tags?: unknown; readonly properties?: unknown };
};

/** Reads the form. Disposing it removes what is left of its files. Throws BadMultipart, BadJson, TooLarge. */
export async function readSnapshotForm(
  request: FastifyRequest,
  ask: { readonly spool: Spool; readonly folder: string; readonly treeLimitBytes: number },
): Promise<SnapshotForm> {
  if (!request.isMultipart()) {
    throw new MalachiteError(
      "UnsupportedMediaType",
      `A snapshot takes the content type multipart/form-data with parts named ${FILES}.`,
      { target: "Content-Type" },
    );
  }
  await using taken = new AsyncDisposableStack();
  const keep = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
    const { file } = await ask.spool(stream, ask.folder);
    taken.defer(() => rm(file, { force: true }));
    return file;
  };
  const files: { name: string; file: string }[] = [];
  const about: Record<string, unknown> = {};
  let tree: string | undefined;
  try {
    // Paths are kept whole: by default only what follows the last slash is.
    const options = { isPartAFile: () => true, preservePath: true, limits: { parts: MOST_FILES + 8 } };
    for await (const part of request.parts(options as never)) {
      const { fieldname, filename, mimetype, file } = part as MultipartFile;
      const isTree =
        fieldname === TREE || (fieldname === FILES && filename === TREE_FILE && /json/i.test(mimetype));
      if (isTree && tree === undefined) tree = await keep(atMost(file, ask.treeLimitBytes));
      else if (fieldname === FILES && !isTree) files.push({ name: filename, file: await keep(file) });
      else if (/^(tags|properties)$/.test(fieldname) && !(fieldname in about))
        about[fieldname] = parseJson(await readBytes(file, MOST_ABOUT_BYTES));
      else
        throw refused(
          `The form has a part '${String(fieldname).slice(0, 100)}' which is not taken.`,
          fieldname,
        );
    }
    if (tree === undefined) throw refused(`The part '${TREE_FILE}' is missing.`, TREE_FILE);
  } catch (error) {
    request.raw.unpipe();
    request.raw.resume();
    throw brokenForm(error, (message, cause) => refused(message, undefined, cause));
  }
  const owned = taken.move();
  return { tree, files, about, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const refused = (message: string, target?: string, cause?: unknown): MalachiteError =>
  new MalachiteError("BadMultipart", `${message} Send the files as ${FILES} and the tree as ${TREE_FILE}.`, {
    ...(target === undefined ? {} : { target: target.slice(0, 100) }),
    cause,
  });
