// Where the worker's code is. The one place that knows it, so that a bundler's configuration can follow.

/** Beside this file when run from source; `blobWorker.js` beside the bundle otherwise. */
export const workerEntry = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./blobWorker.js",
  import.meta.url,
);
