// Content-MD5 of a request: bodies that do not have the MD5 they are sent under are refused where they end, before anything is kept.
import { createHash } from "node:crypto";
import { MalachiteError } from "@malachite/core";

const HEADER = "Content-MD5";

/** 16 bytes in base64. */
export const isMd5 = (text: string): boolean => /^[A-Za-z0-9+/]{22}==$/.test(text);

/** The same bytes. Throws InvalidRequest for a header that is no MD5; the stream throws ContentMismatch. Without a header nothing is computed. */
export function checkedBody(
  body: AsyncIterable<Uint8Array>,
  header: string | readonly string[] | undefined,
): AsyncIterable<Uint8Array> {
  if (header === undefined || header === "") return body;
  const wanted = String(header);
  if (isMd5(wanted)) return checked(body, wanted);
  throw new MalachiteError("InvalidRequest", `${HEADER} must be the 16 bytes of an MD5 in base64.`, {
    target: HEADER,
  });
}

async function* checked(body: AsyncIterable<Uint8Array>, wanted: string): AsyncGenerator<Uint8Array> {
  const md5 = createHash("md5");
  for await (const chunk of body) {
    md5.update(chunk);
    yield chunk;
  }
  const found = md5.digest("base64");
  if (found === wanted) return;
  throw new MalachiteError(
    "ContentMismatch",
    `The bytes that came have the MD5 ${found}, not ${wanted} as ${HEADER} says. Send them again.`,
    { target: HEADER },
  );
}
