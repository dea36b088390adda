// The multipart form of startrun: two parts in either order, the zip streamed to disk whatever its size.
import { rm } from "node:fs/promises";
import type { MultipartFile } from "@fastify/multipart";
import { MalachiteError, type Upload } from "@malachite/core";
import type { FastifyRequest } from "fastify";
import type { Spool } from "../edge.ts";
import { brokenForm } from "./brokenForm.ts";
import { parseJson, readBytes } from "./jsonBody.ts";

const DEFINITION = "runDefinitionFile";
const PROJECT = "projectZipFile";
/** A form has two parts; a few more are read only to be named in the refusal. */
export const MOST_PARTS = 16;

export type StartForm = { readonly definition: unknown; readonly project: Upload };

/**
 * Reads the form. A part counts by its name, whether it is sent as a file or as a field. Parts of other names are refused.
 * Throws BadMultipart, BadJson, TooLarge; the project's file is removed then.
 */
export async function readStartForm(
  request: FastifyRequest,
  ask: { readonly spool: Spool; readonly folder: string; readonly definitionLimitBytes: number },
): Promise<StartForm> {
  if (!request.isMultipart()) {
    throw new MalachiteError(
      "UnsupportedMediaType",
      "startrun takes the content type multipart/form-data with the files runDefinitionFile and projectZipFile.",
      { target: "Content-Type" },
    );
  }
  let definition: { readonly value: unknown } | undefined;
  let project: Upload | undefined;
  try {
    for await (const part of request.parts({ isPartAFile: () => true } as never)) {
      const { fieldname, file } = part as MultipartFile;
      if (fieldname === DEFINITION && definition === undefined) {
        definition = { value: await readDefinition(file, ask.definitionLimitBytes) };
      } else if (fieldname === PROJECT && project === undefined) {
        project = await ask.spool(file, ask.folder);
      } else {
        throw refused(
          fieldname === DEFINITION || fieldname === PROJECT
            ? `The part '${fieldname}' is given twice.`
            : `The form has a part '${String(fieldname).slice(0, 100)}' which is not taken.`,
          String(fieldname).slice(0, 100),
        );
      }
    }
    if (!definition) throw refused(`The part '${DEFINITION}' is missing.`, DEFINITION);
    if (!project) throw refused(`The part '${PROJECT}' is missing.`, PROJECT);
    return { definition: definition.value, project };
  } catch (error) {
    request.raw.unpipe();
    request.raw.resume();
    if (project) await rm(project.file, { force: true });
    throw brokenForm(error, (message, cause) => refused(message, undefined, cause));
  }
}

async function readDefinition(file: AsyncIterable<Uint8Array>, limitBytes: number): Promise<unknown> {
  const bytes = await readBytes(file, limitBytes);
  if (bytes.length === 0) throw refused(`The part '${DEFINITION}' is empty.`, DEFINITION);
  return parseJson(bytes);
}

const refused = (message: string, target?: string, cause?: unknown): MalachiteError =>
  new MalachiteError("BadMultipart", `${message} Send one file ${DEFINITION} and one file ${PROJECT}.`, {
    ...(target === undefined ? {} : { target }),
    cause,
  });
