// Reads server-sent events, by the specification and independent of the client's own reader.

export type SseEvent = { readonly event: string; readonly id?: string; readonly data: string };

/** A sink for the bytes of a stream; calls back for each event as soon as it is whole. */
export function sseEvents(each: (event: SseEvent) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = "";
  return (chunk) => {
    rest += decoder.decode(chunk, { stream: true });
    for (let at = rest.indexOf("\n\n"); at >= 0; at = rest.indexOf("\n\n")) {
      const block = rest.slice(0, at);
      rest = rest.slice(at + 2);
      const fields = block.split("\n").map((line) => /^(\w*):? ?(.*)$/s.exec(line) ?? []);
      const all = (name: string) =>
        fields.filter(([, key]) => key === name).map(([, , value]) => value ?? "");
      const data = all("data");
      if (data.length === 0) continue;
      const [id] = all("id");
      each({
        event: all("event")[0] ?? "message",
        ...(id === undefined ? {} : { id }),
        data: data.join("\n"),
      });
    }
  };
}

/** The bytes of a `log` event. */
export function logBytes(event: SseEvent): Buffer {
  const { text, base64 } = JSON.parse(event.data) as { text?: string; base64?: string };
  return base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64");
}

/** All `log` events together. */
export const logOf = (events: readonly SseEvent[]): Buffer =>
  Buffer.concat(events.filter(({ event }) => event === "log").map(logBytes));

/** All `log` events together, as text. */
export const textOf = (events: readonly SseEvent[]): string => logOf(events).toString();
