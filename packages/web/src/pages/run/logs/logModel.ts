// The lines of one log: fetched where one looks, the end growing by what the live stream tells. Knows nothing of how they are shown.
import { deepestCode, errorResponseOf, type RunClient } from "@malachite/client";
import type { LogFollower, LogNews } from "../../../service/liveStream.ts";
import { Observed } from "../../../service/observed.ts";

const PAGE = 200;
/** Of a line so much is held; the rest is asked for when somebody wants to see it. */
export const CLIP = 4096;
/** Pages far from what is seen are forgotten. */
const MOST_PAGES = 60;

export type Line = { readonly text: string; readonly clipped?: boolean };
type Page = { readonly lines: (Line | undefined)[]; loading: boolean };

/** What a log model needs of a run, so that tests need no server. */
export type LogSource = Pick<RunClient["logs"], "lines">;

export class LogModel extends Observed {
  readonly #source: LogSource;
  readonly #runId: string;
  readonly #path: string;
  readonly #pages = new Map<number, Page>();
  #place: string | undefined;
  #decoder = new TextDecoder();
  /** The last line has no end yet: what comes next goes on with it. */
  #isOpen = false;
  #range = { from: 1, to: 0 };
  /** How many lines there are; undefined until that is known. */
  lines: number | undefined;
  sizeBytes = 0;
  /** The run has ended, and all of the log is here. */
  hasEnded = false;
  follower: LogFollower | undefined;

  constructor(source: LogSource, runId: string, path: string) {
    super();
    this.#source = source;
    this.#runId = runId;
    this.#path = path;
  }

  /** Fetches the end of the log, and with `follow` goes on from there. */
  async open(follow: boolean): Promise<void> {
    this.reopen();
    await this.#try(async (abortSignal) => {
      const path = this.#path;
      const { lines, values, first, sizeBytes, place } = await this.#source.lines({
        path,
        line: -PAGE,
        count: PAGE,
        clip: CLIP,
        abortSignal,
      });
      this.#pages.clear();
      this.#place = place;
      this.lines = lines;
      this.sizeBytes = sizeBytes;
      for (const [i, line] of values.entries()) this.#set(first + i, line);
      const last = values.at(-1);
      this.#isOpen = last !== undefined && last.offset + last.sizeBytes >= sizeBytes;
      this.#decoder = new TextDecoder();
      this.follower = follow
        ? { runId: this.#runId, path, place: sizeBytes, onNews: (news) => this.take(news) }
        : undefined;
      // Whoever looks elsewhere than at the end goes on to see what is there.
      this.look(this.#range.from, this.#range.to);
    });
  }

  /** A line by its number, from 1. Undefined while it is on its way. */
  line(number: number): Line | undefined {
    return this.#pages.get(pageOf(number))?.lines[(number - 1) % PAGE];
  }

  /** Says which lines are seen, by their numbers, both included. */
  look(from: number, to: number): void {
    this.#range = { from, to };
    const last = Math.min(to, this.lines ?? 0);
    for (let page = pageOf(from); page * PAGE < last; page++) {
      const begin = Math.max(from, page * PAGE + 1);
      const end = Math.min(last, (page + 1) * PAGE);
      for (let number = begin; number <= end; number++)
        if (this.line(number) === undefined) {
          void this.#fetch(page, page * PAGE + 1);
          break;
        }
    }
  }

  take(news: LogNews): void {
    if (news.kind === "restart") void this.open(this.follower !== undefined);
    if (news.kind === "end") {
      this.hasEnded = true;
      this.tell();
    }
    if (news.kind === "fault") {
      this.error = new Error(news.message);
      this.tell();
    }
    if (news.kind !== "log" || this.lines === undefined) return;
    this.sizeBytes = news.to;
    this.append(this.#decoder.decode(news.bytes, { stream: true }));
    this.tell();
  }

  /** Adds text at the end. */
  append(text: string): void {
    const pieces = text.split("\n");
    for (const [i, piece] of pieces.entries()) {
      const isLast = i === pieces.length - 1;
      if (i > 0) this.#isOpen = false;
      if (isLast && piece === "") break;
      const number = this.#isOpen ? (this.lines ?? 0) : (this.lines ?? 0) + 1;
      const before = this.#isOpen ? this.line(number) : { text: "" };
      this.lines = number;
      this.#isOpen = true;
      // The rest of a line whose beginning is not here is asked for with it.
      if (before === undefined || before.clipped) continue;
      const whole = before.text + (isLast ? piece : piece.replace(/\r$/, ""));
      this.#set(
        number,
        whole.length > CLIP ? { text: whole.slice(0, CLIP), clipped: true } : { text: whole },
      );
    }
    if (this.#pages.size > MOST_PAGES * 2) this.#forgetFar(this.#range.from);
  }

  override close(): void {
    super.close();
    this.follower = undefined;
  }

  async #fetch(page: number, line: number): Promise<void> {
    const held = this.#page(page);
    if (held.loading) return;
    held.loading = true;
    const count = (page + 1) * PAGE - line + 1;
    let next: number | undefined;
    await this.#try(async (abortSignal) => {
      const since = this.#place;
      const answer = await this.#source.lines({
        path: this.#path,
        line,
        count,
        clip: CLIP,
        since,
        abortSignal,
      });
      for (const [i, each] of answer.values.entries()) this.#set(answer.first + i, each);
      if (answer.values.length > 0 && answer.values.length < count)
        next = answer.first + answer.values.length;
      this.#forgetFar(line);
    });
    held.loading = false;
    // An answer is shorter than asked for where lines are very long.
    const { from, to } = this.#range;
    if (next !== undefined && next >= from && next <= to && next <= (this.lines ?? 0) && !this.line(next))
      void this.#fetch(page, next);
  }

  #page(page: number): Page {
    const held = this.#pages.get(page) ?? { lines: [], loading: false };
    this.#pages.set(page, held);
    return held;
  }

  #set(number: number, { text, clipped }: Line): void {
    this.#page(pageOf(number)).lines[(number - 1) % PAGE] = clipped ? { text, clipped } : { text };
  }

  #forgetFar(line: number): void {
    if (this.#pages.size <= MOST_PAGES) return;
    const here = pageOf(line);
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - here) - Math.abs(a - here));
    for (const page of far.slice(0, this.#pages.size - MOST_PAGES)) this.#pages.delete(page);
  }

  /** Another file may have taken its name: then it begins anew. */
  #try(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
    return this.attempt(act, (error) => {
      if (deepestCode(errorResponseOf(error)?.error) !== "FileChanged") return undefined;
      this.#place = undefined;
      return this.open(this.follower !== undefined);
    });
  }
}

const pageOf = (number: number): number => Math.floor((number - 1) / PAGE);
