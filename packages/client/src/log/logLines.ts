// Lines out of pieces of bytes that are cut anywhere, in the middle of a character too.
import type { FollowLogOptions, LogChunk, LogEnd } from "./followLog.ts";

export interface LogLinesOptions extends FollowLogOptions {
  /** A line that is longer is given in pieces, so that a log without line ends cannot fill the memory. Default: 1,048,576. */
  maxLineLength?: number;
}

/** The lines of a log without their ends (LF or CR LF). A last line without an end is a line. Broken UTF-8 becomes U+FFFD. */
export async function* logLines(
  chunks: AsyncGenerator<LogChunk, LogEnd, undefined>,
  options: { maxLineLength?: number },
): AsyncGenerator<string, LogEnd, undefined> {
  const longest = options.maxLineLength ?? 1024 * 1024;
  // A log that begins with a byte order mark keeps it: what is shown is what was written.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let parts: string[] = [];
  let length = 0;
  const takeLine = (end: string): string => {
    const line = parts.length === 0 ? end : parts.join("") + end;
    parts = [];
    length = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
  function* read(text: string): Generator<string> {
    let begin = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", begin)) {
      yield* pieces(text.slice(begin, end));
      yield takeLine("");
      begin = end + 1;
    }
    yield* pieces(text.slice(begin));
  }
  /** Adds text to the line in the making; gives away what is too long for one line. */
  function* pieces(text: string): Generator<string> {
    let rest = text;
    while (length + rest.length > longest) {
      const cut = longest - length;
      yield parts.join("") + rest.slice(0, cut);
      parts = [];
      length = 0;
      rest = rest.slice(cut);
    }
    if (rest !== "") parts.push(rest);
    length += rest.length;
  }
  let at: number | undefined;
  try {
    for (;;) {
      const { done, value } = await chunks.next();
      if (!done) {
        if (at !== undefined && value.from < at) {
          // Another log begins: what the one before ended in is a line.
          yield* read(decoder.decode());
          if (length > 0) yield takeLine("");
        }
        at = value.to;
        yield* read(decoder.decode(value.bytes, { stream: true }));
        continue;
      }
      yield* read(decoder.decode());
      if (length > 0) yield takeLine("");
      return value;
    }
  } finally {
    // Reached by leaving the loop, too: the connection must not stay open behind it.
    await chunks.return({ status: "", to: 0 }).catch(() => {}); // An error of the stream was thrown above already.
  }
}
