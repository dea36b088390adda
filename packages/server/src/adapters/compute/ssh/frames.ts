// Frames over one channel of an ssh connection: two lengths, a JSON header, bytes. The other end is files/far_wire.py.

export type Frame = { readonly header: Record<string, unknown>; readonly payload: Buffer };

const LENGTHS_BYTES = 8;
/** The far side is another's machine: what is longer is no answer of ours. */
const MOST_HEADER_BYTES = 64 * 1024 * 1024;
const MOST_PAYLOAD_BYTES = 16 * 1024 * 1024;

export function frameOf(header: object, payload: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(LENGTHS_BYTES);
  lengths.writeUInt32BE(text.length, 0);
  lengths.writeUInt32BE(payload.length, 4);
  return Buffer.concat([lengths, text, payload]);
}

/** Takes what comes and answers the frames that are whole by now. Throws for what cannot be a frame. */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let pieces: Buffer[] = [];
  let length = 0;
  let wanted = LENGTHS_BYTES;
  return (chunk) => {
    pieces.push(chunk);
    length += chunk.length;
    const frames: Frame[] = [];
    while (length >= wanted) {
      const all = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      const header = all.readUInt32BE(0);
      const payload = all.readUInt32BE(4);
      if (header > MOST_HEADER_BYTES || payload > MOST_PAYLOAD_BYTES)
        throw new Error(`the far side sent ${JSON.stringify(all.subarray(0, 80).toString("latin1"))}`);
      const end = LENGTHS_BYTES + header + payload;
      if (length < end) {
        pieces = [all];
        wanted = end;
        return frames;
      }
      const text = all.toString("utf8", LENGTHS_BYTES, LENGTHS_BYTES + header);
      // A copy, since the chunk is the library's own and large, and a payload may be kept for long.
      frames.push({ header: JSON.parse(text), payload: Buffer.from(all.subarray(end - payload, end)) });
      pieces = length > end ? [all.subarray(end)] : [];
      length -= end;
      wanted = LENGTHS_BYTES;
    }
    return frames;
  };
}
