// Answers a list of any length in pieces: the next portion is read while the one before is sent, so memory stays small.
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";

type Portion<T> = { readonly values: readonly T[]; readonly next?: string };

export type PageStream<T> = {
  /** The property that holds the list. */
  readonly name: string;
  /** At most so many values. */
  readonly most: number;
  readonly first: Portion<T>;
  readonly more: (after: string, limit: number) => Promise<Portion<T>>;
  /** The values as JSON, with commas between. */
  readonly text: (values: readonly T[]) => string;
};

/** Values as JSON, each for itself. */
export const jsonOf = <T>(values: readonly T[], shown: (value: T) => unknown): string =>
  values.map((value) => JSON.stringify(shown(value))).join(",");

/** Sends `{ name: [...], next_page_token }`. The first portion was read before, so that its errors are answered as such. */
export function sendPages<T>(reply: FastifyReply, list: PageStream<T>): undefined {
  reply.type("application/json; charset=utf-8").send(Readable.from(pieces(list), { objectMode: false }));
  return undefined;
}

async function* pieces<T>({ name, most, first, more, text }: PageStream<T>): AsyncGenerator<string> {
  yield `{${JSON.stringify(name)}:[`;
  let sent = 0;
  let portion = first;
  for (;;) {
    const before = sent;
    sent += portion.values.length;
    const following =
      portion.next === undefined || sent >= most ? undefined : more(portion.next, most - sent);
    // If nobody reads on, nobody waits for it either.
    following?.catch(() => {});
    if (portion.values.length > 0) yield `${before === 0 ? "" : ","}${text(portion.values)}`;
    if (following === undefined) break;
    portion = await following;
  }
  yield portion.next === undefined ? "]}" : `],"next_page_token":${JSON.stringify(portion.next)}}`;
}
