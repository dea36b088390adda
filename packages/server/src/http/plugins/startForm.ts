// The multipart forms that start a run: two parts in either order, the zip streamed to disk whatever its size.
import { rm } from "node:fs/promises";
import type { MultipartFile } from "@fastify/multipart";
import { MalachiteError, type Upload } from "@malachite/core";
import type { FastifyRequest } from "fastify";
import type { Spool } from "../edge.ts";
import { brokenForm } from "./brokenForm.ts";
import { parseJson, readBytes } from "./jsonBody.ts";

/** What a form calls its two parts, and how it tells them apart. */
export type StartWords = {
  readonly operation: string;
  readonly definition: string;
  readonly project: string;
  /** One of the two, or what else the part is called. */
  nameOf(part: Pick<MultipartFile, "fieldname" | "filename">): string;
};

export const START_RUN: StartWords = {
  operation: "startrun",
  definition: "runDefinitionFile",
  project: "projectZipFile",
  nameOf: ({ fieldname }) => String(fieldname),
};

/** The first releases of the SDK give both parts one name. */
export const OLD_RUN: StartWords = {
  operation: "run",
  definition: "definition.json",
  project: "project.zip",
  nameOf: ({ fieldname, filename }) => (fieldname === "files" ? (filename ?? "files") : String(fieldname)),
};

/** All releases of the SDK prepare with the form of the first ones. */
export const PREPARE: StartWords = { ...OLD_RUN, operation: "prepare" };

/** A form has two parts; a few more are read only to be named in the refusal. */
export const MOST_PARTS = 16;

export type StartForm = { readonly definition: unknown; readonly project: Upload };

/**
 * Reads the form. A part counts by its name, whether it is sent as a file or as a field. Parts of other names are refused.
 * Throws BadMultipart, BadJson, TooLarge; the project's file is removed then.
 */
export async function readStartForm(
  request: FastifyRequest,
  ask: {
    readonly words: StartWords;
    readonly spool: Spool;
    readonly folder: string;
    readonly definitionLimitBytes: number;
  },
): Promise<StartForm> {
  const { words } = ask;
  const refused = (message: string, target?: string, cause?: unknown): MalachiteError =>
    new MalachiteError(
      "BadMultipart",
      `${message} Send one file ${words.definition} and one file ${words.project}.`,
      { ...(target === undefined ? {} : { target }), cause },
    );
  if (!request.isMultipart()) {
    throw new MalachiteError(
      "UnsupportedMediaType",
      `${words.operation} takes the content type multipart/form-data with the files ${words.definition} and ${words.project}.`,
      { target: "Content-Type" },
    );
  }
  let definition: { readonly value: unknown } | undefined;
  let project: Upload | undefined;
  try {
    for await (const part of request.parts({ isPartAFile: () => true } as never)) {
      const { file } = part as MultipartFile;
      const name = words.nameOf(part as MultipartFile).slice(0, 100);
      if (name === words.definition && definition === undefined) {
        const bytes = await readBytes(file, ask.definitionLimitBytes);
        if (bytes.length === 0) throw refused(`The part '${name}' is empty.`, name);
        definition = { value: parseJson(bytes) };
      } else if (name === words.project && project === undefined) {
        project = await ask.spool(file, ask.folder);
      } else {
        throw refused(
          name === words.definition || name === words.project
            ? `The part '${name}' is given twice.`
            : `The form has a part '${name}' which is not taken.`,
          name,
        );
      }
    }
    if (!definition) throw refused(`The part '${words.definition}' is missing.`, words.definition);
    if (!project) throw refused(`The part '${words.project}' is missing.`, words.project);
    return { definition: definition.value, project };
  } catch (error) {
    request.raw.unpipe();
    request.raw.resume();
    if (project) await rm(project.file, { force: true });
    throw brokenForm(error, (message, cause) => refused(message, undefined, cause));
  }
}
