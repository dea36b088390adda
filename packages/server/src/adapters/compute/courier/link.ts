// The same questions that a courier asks over HTTP, asked over a stream that a driver has opened to it: `courier.pyz … --stdio`. The far
// side asks, one question at a time; each is a line of JSON, and each answer a line of JSON, then chunks: a line `{"bytes":n}` and the
// bytes, the last one with none, or a line with an error.
import { type Courier, isMalachiteError, type LaunchKey, MalachiteError } from "@malachite/core";
import { ByteReader } from "./byteReader.ts";

/** Both ways of a connection to a courier. */
export type Link = {
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
};

const LINE_BYTES = 4096;

/** Answers until the far side ends the stream. Throws what the stream throws, InvalidRequest for what is no question. */
export async function serveLink(
  key: LaunchKey,
  { input, write }: Link,
  courier: Pick<Courier, "listing" | "content" | "home" | "take">,
  signal: AbortSignal,
): Promise<void> {
  const reader = new ByteReader(input);
  const say = (value: unknown): Promise<void> => write(Buffer.from(`${JSON.stringify(value)}\n`));
  const answer = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
    await say({ ok: true });
    try {
      for await (const chunk of bytes) {
        if (chunk.byteLength === 0) continue;
        await say({ bytes: chunk.byteLength });
        await write(chunk);
      }
    } catch (error) {
      // In the place of a chunk: what came before it counts.
      if (isMalachiteError(error)) return say({ error: told(error) });
      throw error;
    }
    await say({ bytes: 0 });
  };
  try {
    for (;;) {
      signal.throwIfAborted();
      const line = await reader.line(LINE_BYTES);
      if (line === undefined) return;
      const question = readQuestion(line);
      let left = question.ask === "take" ? question.bytes : 0;
      const body = async function* (): AsyncGenerator<Uint8Array> {
        while (left > 0) {
          const chunk = await reader.some(left);
          if (chunk === undefined)
            throw new MalachiteError("InvalidRequest", "The stream ends in a question.");
          left -= chunk.byteLength;
          yield chunk;
        }
      };
      let answered: AsyncIterable<Uint8Array>;
      try {
        answered = await answerTo(key, question, body(), courier);
      } catch (error) {
        if (!isMalachiteError(error)) throw error;
        for await (const _ of body()) {
          // What was asked is refused; the next question comes behind it.
        }
        await say({ error: told(error) });
        continue;
      }
      await answer(answered);
    }
  } finally {
    await reader.close();
  }
}

const told = ({ code, kind, message }: MalachiteError) => ({ code, kind, message });

type Question =
  | { readonly ask: "listing" | "home" }
  | { readonly ask: "content"; readonly from: number; readonly to: number }
  | { readonly ask: "take"; readonly bytes: number };

function readQuestion(line: string): Question {
  const { ask, from, to, bytes } = parsed(line);
  if (ask === "listing" || ask === "home") return { ask };
  if (ask === "content" && isSize(from) && isSize(to) && from <= to) return { ask, from, to };
  if (ask === "take" && isSize(bytes)) return { ask, bytes };
  throw new MalachiteError(
    "InvalidRequest",
    `${JSON.stringify(line.slice(0, 200))} is no question of a courier.`,
  );
}

function parsed(line: string): Record<string, unknown> {
  try {
    return (JSON.parse(line) ?? {}) as Record<string, unknown>;
  } catch {
    // Told by the caller.
    return {};
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

async function answerTo(
  key: LaunchKey,
  question: Question,
  body: AsyncIterable<Uint8Array>,
  courier: Pick<Courier, "listing" | "content" | "home" | "take">,
): Promise<AsyncIterable<Uint8Array>> {
  switch (question.ask) {
    case "listing": {
      const file = await courier.listing(key);
      if (file === undefined) throw nothingHere(key);
      return (async function* () {
        await using open = file;
        yield* open.read(0, (await open.look()).sizeBytes);
      })();
    }
    case "content": {
      const content = await courier.content(key);
      if (content === undefined) throw nothingHere(key);
      return content.read(question.from, Math.min(question.to, content.sizeBytes));
    }
    case "home": {
      const files = await courier.home(key);
      if (files === undefined) throw nothingHere(key);
      return files;
    }
    case "take": {
      const taken = await courier.take(key, body);
      return (async function* () {
        yield Buffer.from(JSON.stringify({ value: taken }));
      })();
    }
  }
}

const nothingHere = (key: LaunchKey): MalachiteError =>
  new MalachiteError("ArtifactNotFound", `Nothing of the launch '${key}' is kept here any more.`);
