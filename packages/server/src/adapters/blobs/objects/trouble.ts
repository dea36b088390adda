// What a storage or the network says, as our own error, once.
import { isMalachiteError, MalachiteError } from "@malachite/core";
import { isPassing, isPassingStatus, lineOf, statusOf, wordOf } from "../../shared/foreignErrors.ts";

/** The storage is one of the operator's, so its name is right and will be found again. */
const ALSO_PASSING = ["ENOTFOUND", "PARSE_ERROR", "RequestTimeout"];

/** What Amazon's library says when it finds no keys: once it had some, who gives them is silent for a while. */
const NO_KEYS = "CredentialsProviderError";

/** Our own errors and aborts are handed back as they are. `hasWorked`: the storage has answered before. */
export function storeTrouble(doing: string, place: string, error: unknown, hasWorked = false): Error {
  if (isMalachiteError(error) || (error instanceof Error && error.name === "AbortError"))
    return error as Error;
  const status = statusOf(error);
  const word = wordOf(error);
  const cause = new Error(`${word ?? "Error"} ${status || ""}`.trim());
  const passing = hasWorked ? [...ALSO_PASSING, NO_KEYS] : ALSO_PASSING;
  if (status === 0 ? isPassing(error, passing) : isPassingStatus(status)) {
    return new MalachiteError(
      "StorageAway",
      `${doing} failed: ${place} ${status === 0 ? "does not answer" : `answers ${status}`}${word === undefined ? "" : ` (${word})`}. Nothing is lost; ask again.`,
      { cause },
    );
  }
  const means =
    status === 0
      ? (FOUND_NONE[word ?? ""] ?? lineOf(error, 200))
      : `${BY_WORD[word ?? ""] ?? MEANS[status] ?? "it refuses"} (${status}${word === undefined ? "" : ` ${word}`})`;
  return new MalachiteError(
    "StorageFailed",
    `${doing} failed at ${place}: ${means}. Check the settings of blobs.`,
    { cause },
  );
}

/** What is not known from the number alone. */
const BY_WORD: Readonly<Record<string, string>> = {
  AuthorizationPermissionMismatch:
    "it refuses; the identity or the signature is not allowed to do that (an identity needs the role Storage Blob Data Contributor)",
  RequestTimeTooSkewed:
    "it refuses; the clock of this machine and the storage's differ by more than 15 minutes",
};

/** Its own words are only of the last that it tried. */
const FOUND_NONE: Readonly<Record<string, string>> = {
  [NO_KEYS]:
    "no keys are given, and Amazon's library finds none on this machine. It tried AWS_ACCESS_KEY_ID, the profiles in ~/.aws, AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI, and the role of the instance",
};

const MEANS: Readonly<Record<number, string>> = {
  401: "it wants a key, or another one",
  403: "it refuses; the key is wrong, has ended or is not enough, or the clock of this machine is wrong",
  404: "the container or bucket is not there",
};

/** A container or bucket that is not there answers 404 too, and is no missing object. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && !["ContainerNotFound", "NoSuchBucket"].includes(wordOf(error) ?? "");

/** True for what may be better in a second. */
export const isAway = (error: unknown): boolean => isMalachiteError(error) && error.code === "StorageAway";
