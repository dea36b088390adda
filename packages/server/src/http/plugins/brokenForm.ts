// What to make of an error while a multipart form is read: what its parser throws is what the sender did.

/** Errors of our own and of the disk stay what they are; others become what `refused` makes of them. */
export function brokenForm(error: unknown, refused: (message: string, cause: unknown) => unknown): unknown {
  if (!(error instanceof Error) || error.name === "MalachiteError") return error;
  const code = "code" in error ? String(error.code) : "";
  const ofDisk = "syscall" in error && code !== "ECONNRESET";
  if (ofDisk) return error;
  return refused(`The multipart body is broken: ${error.message}.`, error);
}
