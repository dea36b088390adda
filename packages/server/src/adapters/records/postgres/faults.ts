// What PostgreSQL and the network say when something fails, as what it means for whoever asked.
import { isMalachiteError, MalachiteError } from "@malachite/core";

/** The connection is gone, or the server is: nothing more can be asked over it. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
};

/** Codes of the network, and of a server that starts, stops or has no room for a connection. */
const NETWORK = /^(E[A-Z_]+|ERR_SOCKET_.*)$/;
const AWAY = new Set(["57P01", "57P02", "57P03", "53300", "25P03", "57P05", "25P02"]);

/** Whether it may well go better over another connection, in a while. */
export const isAway = (error: unknown): boolean =>
  error instanceof ConnectionLost ||
  NETWORK.test(codeOf(error)) ||
  codeOf(error).startsWith("08") ||
  AWAY.has(codeOf(error)) ||
  /^(Connection terminated|timeout expired|Client (was closed|has encountered))/.test(wordsOf(error));

/** Transactions that stood in each other's way, a lock that was not to be had, a plan that tables have changed under. */
const AGAIN = new Set(["40001", "40P01", "55P03", "0A000", "26000"]);
export const isForAgain = (error: unknown): boolean => AGAIN.has(codeOf(error));

/** Whether it is an answer of the server, after which a transaction can only be rolled back. */
export const isOfServer = (error: unknown): boolean =>
  typeof (error as { severity?: unknown } | undefined)?.severity === "string";

/** What no waiting changes: a wrong password, a database that is not there, no right to it. */
export const isRefusal = (error: unknown): boolean => /^(28|3D|42501)/.test(codeOf(error));

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What went wrong, in the words of the server or the network; several addresses of a host fail as one. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const words = wordsOf(error);
  return words === "" ? codeOf(error) || "no reason given" : words;
}

/** As Malachite tells it. `shown` is the address without its password. */
export function faultOf(error: unknown, doing: string, shown: string): unknown {
  if (isMalachiteError(error)) return error;
  if (isAway(error) || isForAgain(error)) return unavailable(`${doing}: ${reasonOf(error)}`, shown, error);
  const code = codeOf(error);
  // A value that no column of its kind holds can only come from who asked: continuation tokens are theirs to change.
  if (code.startsWith("22"))
    return new MalachiteError("InvalidRequest", `${doing}: a value is not of the kind that is needed.`, {
      cause: error,
    });
  if (code === "57014")
    return new MalachiteError(
      "DatabaseUnavailable",
      `${doing}: the database took too long. Narrow what is asked for.`,
      {
        cause: error,
      },
    );
  return error;
}

export const unavailable = (what: string, shown: string, cause?: unknown): MalachiteError =>
  new MalachiteError(
    "DatabaseUnavailable",
    `${what}. The database is ${shown}; the service connects again by itself. Ask again in a few seconds.`,
    cause === undefined ? {} : { cause },
  );

/** What to do about what the database refused. */
export const ADVICE = "See the log of the database, and the rights of the service's user in it.";
