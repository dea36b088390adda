// Folders that tests keep for the next run: made the first time, and there when they are whole, though several processes ask at once.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** The folder, filled by `make` under another name where it is not there yet. Throws what `make` throws; nothing half made is left. */
export function madeOnce(folder: string, make: (building: string) => void): string {
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const building = `${folder}.${process.pid}`;
  rmSync(building, { recursive: true, force: true });
  try {
    make(building);
    try {
      renameSync(building, folder);
    } catch (error) {
      // Another process has made the same meanwhile.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}
