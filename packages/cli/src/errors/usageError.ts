// What a person can put right by typing something else. Thrown before anything is sent.

/** Ends the command with exit code 2 and one paragraph: what was asked, what was found, what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
