// How long and how many the things may be that MLflow's clients log, and what keys they may have. As MLflow has it, but for the values
// of parameters and tags, which may be longer here. Pure.
import { MalachiteError } from "../../domain/failure/malachiteError.ts";

export const LIMITS = {
  metrics: 1_000,
  params: 100,
  tags: 100,
  together: 1_000,
  keyLength: 250,
  nameLength: 255,
  textLength: 1_000_000,
  datasets: 1_000,
} as const;

const wrong = (message: string, target?: string): MalachiteError =>
  new MalachiteError("InvalidRequest", message, target === undefined ? {} : { target });

/** Letters and digits of any script. */
const KEY = /^[\p{L}\p{M}\p{N}_\-. /:]+$/u;

/** Throws InvalidRequest for a key that MLflow's own server would refuse. */
export function checkKey(key: string, what: string): void {
  if (key === "") throw wrong(`${what} cannot be empty.`, "key");
  if (key.length > LIMITS.keyLength)
    throw wrong(
      `${what} '${key.slice(0, 250)}' had length ${key.length}, which exceeded length limit of ${LIMITS.keyLength}`,
      "key",
    );
  if (!KEY.test(key))
    throw wrong(
      `Invalid ${what.toLowerCase()}: '${key}'. Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
      "key",
    );
  const parts = key.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    throw wrong(
      `Invalid ${what.toLowerCase()}: '${key}'. Names may be treated as files in certain cases, and must not resolve to other names when treated as such.`,
      "key",
    );
}

/** The last instant that a calendar has: later ones could not be shown. */
const LATEST = 8_640_000_000_000_000;

export function checkTime(at: number | undefined, what: string): void {
  if (at === undefined || (at >= 0 && at <= LATEST)) return;
  throw wrong(`Got invalid ${what} ${at}. It must be milliseconds since 1970, from 0 to ${LATEST}.`, what);
}

export function checkText(text: string, what: string): void {
  if (text.length > LIMITS.textLength)
    throw wrong(
      `${what} '${text.slice(0, 20)}...' had length ${text.length}, which exceeded length limit of ${LIMITS.textLength}`,
      "value",
    );
}

export function checkName(name: string): void {
  if (name.trim() === "") throw wrong("Invalid experiment name: it cannot be empty.", "name");
  if (name.length > LIMITS.nameLength)
    throw wrong(`'name' exceeds the maximum length of ${LIMITS.nameLength} characters`, "name");
}

/** Throws InvalidRequest in the words of MLflow's own server. */
export function checkCount(count: number, most: number, what: string): void {
  if (count > most)
    throw wrong(
      `A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
      what,
    );
}
