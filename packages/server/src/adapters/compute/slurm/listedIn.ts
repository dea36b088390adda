// The elements of lists in a JSON answer of any size, one at a time: a cluster may have a hundred thousand jobs.

/** `value`: an element; absent where the list begins, so that an empty one is told from none. */
export type Listed = { readonly list: string; readonly value?: unknown };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_LIST = 0x5d;
/** No job is described in more than that. */
const MOST_ELEMENT_BYTES = 8 * 2 ** 20;

/**
 * Objects that are elements of a list that is a property of the whole, with the name of that property. Throws SyntaxError for what is no
 * JSON, or was cut.
 */
export async function* listedIn(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Listed> {
  let depth = 0;
  let inText = false;
  let escaped = false;
  /** The last text at the depth of properties, and where it has begun. */
  let name = "";
  let textFrom = -1;
  let elementFrom = -1;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let seen = false;
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const taken = (from: number, to: number): string => {
      const whole = Buffer.concat([...kept, chunk.subarray(from, to)]).toString("utf8");
      kept = [];
      keptBytes = 0;
      return whole;
    };
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inText = false;
          if (textFrom >= 0) {
            name = JSON.parse(taken(textFrom, at + 1));
            textFrom = -1;
          }
        }
        continue;
      }
      if (byte === QUOTE) {
        inText = true;
        if (depth === 1) textFrom = at;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        seen = true;
        depth += 1;
        if (depth === 2 && byte === OPEN_LIST) yield { list: name };
        if (depth === 3 && byte === OPEN_OBJECT) elementFrom = at;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (depth === 3 && elementFrom >= 0) {
          yield { list: name, value: JSON.parse(taken(elementFrom, at + 1)) };
          elementFrom = -1;
        }
        depth -= 1;
      }
    }
    // What goes on in the next chunk.
    const from = Math.max(textFrom, elementFrom);
    if (from < 0) continue;
    kept.push(Buffer.from(chunk.subarray(from)));
    keptBytes += chunk.length - from;
    if (keptBytes > MOST_ELEMENT_BYTES) throw new SyntaxError("an element is too long");
    if (textFrom >= 0) textFrom = 0;
    if (elementFrom >= 0) elementFrom = 0;
  }
  if (!seen || depth !== 0 || inText) throw new SyntaxError("the answer ends before its end");
}
