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

/** A server or a database that the records cannot be in. Says what to do. */
export class Unfit extends Error {
  override readonly name = "Unfit";
}

/** What the library says of a password that it was not given, and of a server that has no TLS: words are all there is. */
const NO_PASSWORD = /client password must be a/;
const NO_TLS = /server does not support SSL/;
const isOfPassword = (error: unknown): boolean =>
  codeOf(error).startsWith("28") || NO_PASSWORD.test(wordsOf(error));
/** Node's codes of certificates that it does not trust. */
const isOfTls = (error: unknown): boolean => /CERT|_LEAF_/.test(codeOf(error)) || NO_TLS.test(wordsOf(error));

/** What no waiting changes: a wrong password or none, a database that is not there or not fit, no right to it, no trust in it. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Unfit || isOfPassword(error) || isOfTls(error) || /^(3D|42501)/.test(codeOf(error));

/** Why there is no connection, for people. */
export const troubleOf = (error: unknown): string =>
  `${isRefusal(error) ? "cannot be used" : "does not answer"} (${reasonOf(error)})`;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What went wrong, in the words of the server or the network; several addresses of a host fail as one. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const words = wordsOf(error);
  if (NO_PASSWORD.test(words)) return "it asks for a password, and none is given";
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

/** The same to who starts: nothing goes on by itself. */
export function faultAtStart(error: unknown, doing: string, shown: string, startMs: number): unknown {
  if (!isMalachiteError(error) || error.code !== "DatabaseUnavailable" || error.cause === undefined)
    return faultOf(error, doing, shown);
  const { cause } = error;
  const advice = isRefusal(cause)
    ? startAdvice(cause)
    : `It was asked for ${Math.round(startMs / 1000)} seconds; start again when it answers, or check the host and the port of --database.`;
  return new MalachiteError("DatabaseUnavailable", `The database ${shown} ${troubleOf(cause)}. ${advice}`, {
    cause,
  });
}

function startAdvice(error: unknown): string {
  if (error instanceof Unfit) return "Nothing was changed.";
  if (isOfPassword(error))
    return "Check the user of --database, and the password: of the URL, --database-password-file or PGPASSWORD.";
  if (isOfTls(error))
    return "Check sslmode and sslrootcert of --database, and the certificate of the server.";
  return "Check --database.";
}

/** What to do about what the database refused. */
export const ADVICE = "See the log of the database, and the rights of the service's user in it.";
