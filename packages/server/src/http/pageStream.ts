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
  readonly shown: (value: T) => unknown;
};

/** Sends `{ name: [...], next_page_token }`. The first portion was read before, so that its errors are answered as such. */
export function sendPages<T>(reply: FastifyReply, list: PageStream<T>): undefined {
  reply.type("application/json; charset=utf-8").send(Readable.from(pieces(list), { objectMode: false }));
  return undefined;
}

async function* pieces<T>({ name, most, first, more, shown }: PageStream<T>): AsyncGenerator<string> {
  yield `{${JSON.stringify(name)}:[`;
  let sent = 0;
  let portion = first;
  for (;;) {
    if (portion.values.length > 0) {
      const text = portion.values.map((value) => JSON.stringify(shown(value))).join(",");
      yield sent === 0 ? text : `,${text}`;
    }
    sent += portion.values.length;
    if (portion.next === undefined || sent >= most) break;
    portion = await more(portion.next, most - sent);
  }
  yield portion.next === undefined ? "]}" : `],"next_page_token":${JSON.stringify(portion.next)}}`;
}
