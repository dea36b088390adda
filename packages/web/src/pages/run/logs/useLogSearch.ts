// Looks for words in a log: the server reads it, and tells where they are.
import type { LogMatch, RunClient } from "@malachite/client";
import { useEffect, useState } from "react";
import { faultOf } from "../../../service/faults.ts";

export type SearchWish = { readonly text: string; readonly regex: boolean; readonly ignoreCase: boolean };
export type LogSearch = {
  /** The first thousands of lines that match. */
  readonly matches: readonly LogMatch[];
  /** How many lines match so far. */
  readonly count: number;
  readonly isDone: boolean;
  /** What is wrong with the wish. */
  readonly error?: string;
};

const NONE: LogSearch = { matches: [], count: 0, isDone: true };
const TYPING_MS = 200;
const MOST_MATCHES = 5000;

/** The answer grows while the log is read. `version` changes when the log does. */
export function useLogSearch(
  logs: RunClient["logs"],
  path: string,
  wish: SearchWish,
  _version: number,
): LogSearch {
  const [found, setFound] = useState(NONE);
  const { text, regex, ignoreCase } = wish;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the run's client is another object each time
  useEffect(() => {
    setFound(NONE);
    if (text === "") return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const matches: LogMatch[] = [];
      let count = 0;
      try {
        const asked = { path, regex, ignoreCase, limit: 1000, abortSignal: stop.signal };
        for await (const part of logs.searchAll(text, asked)) {
          count += part.count;
          if (matches.length < MOST_MATCHES) matches.push(...part.matches);
          setFound({ matches: [...matches], count, isDone: part.next === undefined });
        }
      } catch (error) {
        if (!stop.signal.aborted) setFound({ ...NONE, error: faultOf(error).message });
      }
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [path, text, regex, ignoreCase]);
  return found;
}

/** Where a wish is in a line, to mark it: pairs of from and to. */
export type Matcher = (text: string) => readonly (readonly [from: number, to: number])[];
const MOST_MARKS = 50;

/** Marks are made here for lines that are seen. An expression that only the server understands marks nothing. */
export function matcherOf({ text, regex, ignoreCase }: SearchWish): Matcher | undefined {
  if (text === "") return undefined;
  let pattern: RegExp;
  try {
    const source = regex ? text : text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    pattern = new RegExp(source, ignoreCase ? "gi" : "g");
  } catch {
    return undefined;
  }
  // A line is short where it is shown; of a plain text no search takes long, of an expression only what looks harmless is tried.
  if (regex && /[*+}][^)]*\)[*+{]/.test(text)) return undefined;
  return (line) => {
    const found: [number, number][] = [];
    for (const match of line.matchAll(pattern)) {
      if (match[0] === "" || found.length >= MOST_MARKS) break;
      found.push([match.index, match.index + match[0].length]);
    }
    return found;
  };
}
