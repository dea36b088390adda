// Which addresses of users' texts may be followed. Pure.

/** The address, or nothing where it is not an absolute one of the web. */
export function safeUrl(url: string): string {
  try {
    const { protocol } = new URL(url);
    return protocol === "http:" || protocol === "https:" ? url : "";
  } catch {
    return ""; // Relative: it would lead into these pages, which its writer does not know.
  }
}
