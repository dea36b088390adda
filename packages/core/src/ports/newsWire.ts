// How servers that share the records tell each other that something has happened. Only makes them quick: what happened is read from the
// records, and news that is lost costs seconds.
export interface NewsWire {
  /** Tells all other servers. Never throws; may lose it. A text has at most `WIRE_BYTES` bytes. */
  send(text: string): void;
  /** Hears what others send, until the returned function is called. `missed`: there may have been more. */
  listen(hear: (text: string) => void, missed: () => void): () => void;
}
