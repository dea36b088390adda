// Reads a server-sent event stream. Knows nothing of logs.

export type ServerEvent = { readonly event: string; readonly data: string; readonly id?: string };

/** An event may be a big piece of a log, yet a stream that never ends an event must not fill the memory. */
const LONGEST_EVENT = 64 * 1024 * 1024;

/**
 * The events of a stream, as its bytes arrive. Lines end in LF, CR LF or CR. An event that is cut off by the end of the
 * stream is dropped, as the standard wants it. `onBytes` is called for every arrival, comments too: a sign of life.
 */
export async function* serverEvents(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  let restLength = 0;
  let endedInCr = false;
  let fields: { event?: string; data: string[]; id?: string } = { data: [] };
  for await (const chunk of chunks) {
    onBytes();
    let text = decoder.decode(chunk, { stream: true });
    if (endedInCr && text.startsWith("\n")) text = text.slice(1);
    if (text === "") continue;
    endedInCr = text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    const last = lines.pop() as string;
    for (const end of lines) {
      const line = rest.length === 0 ? end : rest.join("") + end;
      rest = [];
      restLength = 0;
      if (line !== "") {
        addField(fields, line);
        continue;
      }
      if (fields.data.length > 0 || fields.event !== undefined) {
        yield { event: fields.event ?? "message", data: fields.data.join("\n"), id: fields.id };
      }
      fields = { data: [] };
    }
    if (last !== "") rest.push(last);
    restLength += last.length;
    if (restLength > LONGEST_EVENT) throw new Error("The event stream has a line that does not end.");
  }
}

function addField(fields: { event?: string; data: string[]; id?: string }, line: string): void {
  if (line.startsWith(":")) return;
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
  if (name === "event") fields.event = value;
  else if (name === "data") fields.data.push(value);
  else if (name === "id") fields.id = value;
}
