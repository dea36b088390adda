// The files of a run for people: all of them as one zip, and links that a browser can follow without a token.
import Type, { type Static } from "typebox";
import { dateTime, integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { base, oneRun, source } from "./base.ts";

export const FILE_FORMS = ["attachment", "inline"] as const;

const prefix = optional(
  Type.String({ maxLength: 4000, description: "Only files whose path begins with this. Default: all." }),
);
const ask = {
  path: optional(
    Type.String({ maxLength: 4000, description: "One file. Without it: a zip of all that `prefix` names." }),
  ),
  prefix,
  as: optional(
    oneOf(FILE_FORMS, {
      description:
        "`attachment` (the default) is saved by a browser; `inline` is shown, with its type by its name, and never runs as a script of the service.",
    }),
  ),
};

export const FileLink = model("FileLink", {
  uri: Type.String({ description: "Works without a token, for whoever has it." }),
  expiresAt: dateTime(),
});
export type FileLink = Static<typeof FileLink>;

export const zipFiles = operation({
  id: "Malachite_ZipFiles",
  method: "GET",
  path: `${base}/runs/{runId}/files/zip`,
  summary: "The files of a run, kept and growing, as a zip.",
  source,
  params: oneRun,
  query: Type.Object({ prefix }),
  answer: { kind: "bytes", contentType: "application/zip", description: "The zip, made while it is sent." },
});
export const linkFiles = operation({
  id: "Malachite_LinkFiles",
  method: "GET",
  path: `${base}/runs/{runId}/files/link`,
  summary: "A link to a file of a run, or to a zip of its files, for a browser.",
  source,
  params: oneRun,
  query: Type.Object(ask),
  answer: { kind: "json", schema: FileLink, description: "The link." },
});
export const signedFiles = operation({
  id: "Malachite_SignedFiles",
  method: "GET",
  path: `${base}/runs/{runId}/files/signed`,
  summary: "A file or a zip by a signed link.",
  source,
  params: oneRun,
  query: Type.Object({
    ...ask,
    se: integer({ format: "int64", description: "Seconds since 1970 UTC at which the link ends." }),
    sig: Type.String({ description: "The signature over all of these." }),
  }),
  answer: { kind: "bytes", contentType: "application/octet-stream", description: "The file or the zip." },
  authenticated: false,
});
