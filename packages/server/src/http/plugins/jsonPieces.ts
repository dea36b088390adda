// Reads `{"values":[…]}` of any length piece by piece, so that neither the memory nor the event loop bears the whole. What an
// element means is the caller's business.
import { isObject, type JsonObject, MalachiteError } from "@malachite/core";
import { parseJson } from "./jsonBody.ts";

/** Elements of `values`, in order. An element that was cut comes several times, each time with a part of the array it was cut in. */
export type Piece =
  | { readonly elements: readonly { readonly index: number; readonly value: unknown }[] }
  /** The last piece: what stands beside `values`. */
  | { readonly rest: JsonObject };

export type PieceOptions = {
  /** The array of an element that may be cut. It is not cut where something of `needs` comes behind it. */
  readonly cutIn?: string;
  readonly needs?: string;
  /** Elements are handed on when they are about so long together. */
  readonly pieceBytes?: number;
  /** An element that is longer and cannot be cut is refused. */
  readonly limitBytes: number;
};

const PIECE_BYTES = 256 * 1024;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
/** How deep the elements, and the items of an array of an element, lie. */
const [IN_VALUES, IN_ELEMENT, IN_CUT] = [2, 3, 4];
const LONGEST_KEY = 64;

/** Reads UTF-8. Throws BadJson, TooLarge, InvalidRequest for a body without the array; what was handed on before is not taken back. */
export async function* jsonPieces(
  body: AsyncIterable<Uint8Array>,
  { cutIn, needs, pieceBytes = PIECE_BYTES, limitBytes }: PieceOptions,
): AsyncGenerator<Piece> {
  const scan = new Scan(cutIn?.toLowerCase(), needs, limitBytes, pieceBytes);
  for await (const chunk of body) {
    scan.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (scan.foundBytes >= pieceBytes) yield { elements: scan.handOver() };
  }
  const rest = scan.end();
  const elements = scan.handOver();
  if (elements.length > 0) yield { elements };
  yield { rest };
}

class Scan {
  foundBytes = 0;
  readonly #cutIn: string | undefined;
  readonly #needs: string | undefined;
  readonly #limitBytes: number;
  readonly #pieceBytes: number;
  #found: { index: number; value: unknown }[] = [];
  /** What is not of an element. */
  #shell: Buffer[] = [];
  #shellBytes = 0;
  /** What there is of the current element. */
  #element: Buffer[] = [];
  #elementBytes = 0;
  /** The element up to the items of the array that it may be cut in; null where it may not. */
  #head: Buffer | null | undefined;
  #index = -1;
  #inElement = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #key = "";
  #lastKey = "";
  #inValues = false;
  #inCut = false;

  constructor(cutIn: string | undefined, needs: string | undefined, limitBytes: number, pieceBytes: number) {
    this.#cutIn = cutIn;
    this.#needs = needs;
    this.#limitBytes = limitBytes;
    this.#pieceBytes = pieceBytes;
  }

  handOver() {
    const found = this.#found;
    this.#found = [];
    this.foundBytes = 0;
    return found;
  }

  take(chunk: Buffer): void {
    // From here on nothing of the chunk is kept yet.
    let from = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i] as number;
      if (this.#inString) {
        this.#string(byte);
        continue;
      }
      if (!this.#inElement && this.#inValues && this.#depth === IN_VALUES) {
        if (byte === COMMA || isSpace(byte)) {
          this.#keepShell(chunk.subarray(from, byte === COMMA ? i : i + 1));
          from = i + 1;
          continue;
        }
        if (byte !== CLOSE_ARRAY) {
          this.#keepShell(chunk.subarray(from, i));
          from = i;
          this.#begin();
        }
      }
      switch (byte) {
        case QUOTE:
          this.#inString = true;
          this.#key = "";
          break;
        case COLON:
          if (this.#depth === 1 || this.#depth === IN_ELEMENT) this.#lastKey = this.#key.toLowerCase();
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          this.#depth += 1;
          if (byte === OPEN_ARRAY && this.#depth === IN_VALUES && this.#lastKey === "values")
            this.#inValues = true;
          if (
            byte === OPEN_ARRAY &&
            this.#depth === IN_CUT &&
            this.#inElement &&
            this.#lastKey === this.#cutIn
          ) {
            this.#keep(chunk.subarray(from, i + 1));
            from = i + 1;
            this.#inCut = true;
            this.#head = this.#headOf();
          }
          break;
        case COMMA:
          if (this.#inCut && this.#depth === IN_CUT) {
            this.#keep(chunk.subarray(from, i));
            from = this.#cut() ? i + 1 : i;
          } else if (this.#inElement && this.#depth === IN_VALUES) {
            this.#keep(chunk.subarray(from, i));
            from = i + 1;
            this.#finish();
          }
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          if (this.#inElement && this.#depth === IN_VALUES) {
            this.#keep(chunk.subarray(from, i));
            from = i;
            this.#finish();
          }
          if (this.#depth === IN_CUT) this.#inCut = false;
          if (this.#depth === IN_VALUES) this.#inValues = false;
          this.#depth -= 1;
          break;
        default:
          break;
      }
    }
    if (this.#inElement) this.#keep(chunk.subarray(from));
    else this.#keepShell(chunk.subarray(from));
  }

  /** What stands beside the values. */
  end(): JsonObject {
    if (this.#inElement)
      throw new MalachiteError("BadJson", "The body is not JSON. It ends inside of a value.");
    const rest = parseJson(Buffer.concat(this.#shell), "utf-8", true);
    if (isObject(rest)) return rest;
    throw new MalachiteError("InvalidRequest", "The body must be an object with `values`.", {
      target: "body",
    });
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      return;
    }
    if (this.#key.length < LONGEST_KEY) this.#key += String.fromCharCode(byte);
  }

  #begin(): void {
    this.#inElement = true;
    this.#index += 1;
    this.#head = undefined;
  }

  #finish(): void {
    const text = Buffer.concat(this.#element);
    this.#element = [];
    this.#elementBytes = 0;
    this.#inElement = false;
    this.#inCut = false;
    this.#add(text);
  }

  #add(text: Buffer): void {
    this.#found.push({ index: this.#index, value: parseJson(text, "utf-8", true) });
    this.foundBytes += text.length;
  }

  /** Hands on what there is of the element, and goes on with its head alone. True when it did. */
  #cut(): boolean {
    const head = this.#head;
    if (!head || this.#elementBytes - head.length < this.#pieceBytes) return false;
    this.#add(Buffer.concat([...this.#element, Buffer.from("]}")]));
    this.#element = [head];
    this.#elementBytes = head.length;
    return true;
  }

  #headOf(): Buffer | null {
    const text = Buffer.concat(this.#element);
    this.#element = [text];
    const head = parseJson(Buffer.concat([text, Buffer.from("]}")]), "utf-8", true);
    const has = isObject(head) && Object.keys(head).some((key) => key.toLowerCase() === this.#needs);
    return this.#needs === undefined || has ? text : null;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#elementBytes += bytes.length;
    if (this.#elementBytes > this.#limitBytes) throw this.#tooLarge();
    this.#element.push(bytes);
  }

  #keepShell(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#shellBytes += bytes.length;
    if (this.#shellBytes > this.#limitBytes) throw this.#tooLarge();
    this.#shell.push(bytes);
  }

  #tooLarge(): MalachiteError {
    return new MalachiteError(
      "TooLarge",
      `A value of the body is larger than ${this.#limitBytes} bytes. Send less at once.`,
    );
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
