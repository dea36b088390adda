// The path of an artifact as it is kept. The v1 SDK names the files of a tracked folder `./outputs/…`.

/** Without `.` parts. What else may be wrong with it is for checkProjectPath to say. */
export function artifactPath(sent: string): string {
  if (!/(?:^|\/)\.(?:\/|$)/.test(sent)) return sent;
  return sent
    .split("/")
    .filter((part) => part !== ".")
    .join("/");
}
