// The mounts of this machine as the kernel lists them. Reading the list touches no mount, so none that hangs can hang the reader.
import { readFile } from "node:fs/promises";

/** Where file systems are mounted, in the text of /proc/self/mountinfo. A place with two of them is there twice. Pure. */
export function mountPoints(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    return point === undefined ? [] : [unescaped(point)];
  });
}

/** Blanks, tabs, line ends and backslashes are written as three octal digits. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** `at`: absolute, without links on the way. */
export async function isMounted(at: string): Promise<boolean> {
  return mountPoints(await readFile("/proc/self/mountinfo", "utf8")).includes(at);
}
