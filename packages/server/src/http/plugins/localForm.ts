// The multipart form of a local run: two files under one name, told apart by how they are called. The project stays with the client.
import type { MultipartFile } from "@fastify/multipart";
import { MalachiteError } from "@malachite/core";
import type { FastifyRequest } from "fastify";
import { brokenForm } from "./brokenForm.ts";
import { parseJson, readBytes } from "./jsonBody.ts";
import { MOST_PARTS } from "./startForm.ts";

const FILES = "files";

/** The definition in the form. Throws BadMultipart, BadJson, TooLarge. The client's settings are of no use here: they are let go. */
export async function readLocalForm(
  request: FastifyRequest,
  { definitionLimitBytes }: { readonly definitionLimitBytes: number },
): Promise<unknown> {
  if (!request.isMultipart()) {
    throw new MalachiteError(
      "UnsupportedMediaType",
      `A local run takes the content type multipart/form-data with the files definition.json and aml_config.zip, both named ${FILES}.`,
      { target: "Content-Type" },
    );
  }
  let definition: { readonly value: unknown } | undefined;
  try {
    const options = { isPartAFile: () => true, limits: { parts: MOST_PARTS } };
    for await (const part of request.parts(options as never)) {
      const { fieldname, filename, file } = part as MultipartFile;
      if (fieldname !== FILES)
        throw refused(`The form has a part '${String(fieldname).slice(0, 100)}' which is not taken.`);
      if (!/\.json$/i.test(filename ?? "")) {
        for await (const _ of file);
      } else if (definition === undefined) {
        const bytes = await readBytes(file, definitionLimitBytes);
        definition = { value: parseJson(bytes) };
      } else throw refused("The form has two definitions.");
    }
  } catch (error) {
    request.raw.unpipe();
    request.raw.resume();
    throw brokenForm(error, refused);
  }
  if (definition === undefined) throw refused("The file definition.json is missing.");
  return definition.value;
}

const refused = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError(
    "BadMultipart",
    `${message} Send definition.json and aml_config.zip, both named ${FILES}.`,
    {
      target: FILES,
      cause,
    },
  );
