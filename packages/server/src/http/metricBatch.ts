// A batch of metrics as it arrives: small ones whole, large ones piece by piece.
import { isObject, MalachiteError } from "@malachite/core";
import type { FastifyRequest } from "fastify";
import { charsetOf, type JsonBody } from "./plugins/jsonBody.ts";
import { jsonPieces, type Piece, type PieceOptions } from "./plugins/jsonPieces.ts";

/** Larger bodies, and those that do not say how large they are, are read in pieces. */
const LARGE_BYTES = 1024 * 1024;

type Sent = {
  readonly request: FastifyRequest;
  sent(): Promise<JsonBody>;
  bytes(): AsyncIterable<Uint8Array>;
};

/** Throws InvalidRequest, BadJson, TooLarge, UnsupportedMediaType. */
export async function* metricBatch(ask: Sent, options: PieceOptions): AsyncGenerator<Piece> {
  const { "content-length": length, "content-type": type, "transfer-encoding": coding } = ask.request.headers;
  const large = coding !== undefined || Number(length ?? 0) > LARGE_BYTES;
  if (large && /^utf-?8$/i.test(charsetOf(type))) {
    yield* jsonPieces(ask.bytes(), options);
    return;
  }
  const body = await ask.sent();
  if (!body.given || !isObject(body.value)) throw needed("an object with `values`", "body");
  const { values, rest } = split(body.value);
  yield { elements: values.map((value, index) => ({ index, value })) };
  yield { rest };
}

function split(body: Readonly<Record<string, unknown>>) {
  const rest = Object.entries(body);
  const at = rest.findIndex(([name]) => name.toLowerCase() === "values");
  const [, values] = at === -1 ? [] : (rest.splice(at, 1)[0] ?? []);
  if (values !== undefined && values !== null && !Array.isArray(values))
    throw needed("an array of metrics under `values`", "values");
  return { values: values ?? [], rest: Object.fromEntries(rest) };
}

const needed = (what: string, target: string): MalachiteError =>
  new MalachiteError("InvalidRequest", `The body must be ${what}.`, { target });
