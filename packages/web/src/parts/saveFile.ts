// Gives the viewer a file that the page has made.

/** Saves bytes or text under a name. */
export function saveFile(
  name: string,
  content: Blob | readonly string[],
  type = "text/csv;charset=utf-8",
): void {
  const blob = content instanceof Blob ? content : new Blob([...content], { type });
  const uri = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = uri;
  link.download = fileName(name);
  link.click();
  // The browser has taken it once the click was handled.
  setTimeout(() => URL.revokeObjectURL(uri), 10_000);
}

/** A name that every file system takes. */
const fileName = (name: string): string => name.replace(/[^\w.\- ]+/g, "_").slice(0, 120);
