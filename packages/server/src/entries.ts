// Files that are started as processes or threads, or read as data. In the bundled package `tools/pack.ts` puts another file in
// this one's place, with the built names.

/** What Node needs to run an entry from source. */
export const NODE_ARGS: readonly string[] = [
  "--conditions=malachite-src",
  "--disable-warning=ExperimentalWarning",
];

export const ENTRIES = {
  launcher: new URL("./adapters/compute/process/launcherMain.js", import.meta.url),
  records: new URL("./adapters/records/sqlite/worker.ts", import.meta.url),
  postgres: new URL("./adapters/records/postgres/worker.ts", import.meta.url),
  blobs: new URL("./adapters/blobs/folder/threads/worker.ts", import.meta.url),
  logs: new URL("./adapters/logs/threads/worker.ts", import.meta.url),
  /** The folder with programs of environment builds, ending in a slash. */
  builds: new URL("./adapters/environments/built/files/", import.meta.url),
  /** The folder with the files of the local bundle, ending in a slash. */
  agent: new URL("./adapters/localbundle/files/", import.meta.url),
  /** The folder with the program for machines that see nothing of this one, ending in a slash. */
  courier: new URL("./adapters/compute/courier/files/", import.meta.url),
  /** The folder with the program that helps on machines reached over ssh, ending in a slash. */
  far: new URL("./adapters/compute/ssh/files/", import.meta.url),
  /** The folder with the program of nodes of Slurm that see nothing of this machine, ending in a slash. */
  slurm: new URL("./adapters/compute/slurm/files/", import.meta.url),
  /** The folder with the built pages, ending in a slash. */
  web: new URL("../../web/dist/", import.meta.url),
} as const;
