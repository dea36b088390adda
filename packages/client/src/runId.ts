// Makes run ids, so that a start that is sent twice is one run.

/** `<experiment>_<unix ms>_<8 hex>`, in the characters and length a run id may have. */
export function newRunId(experimentName: string, now: number = Date.now()): string {
  const suffix = `_${now}_${randomHex8()}`;
  const safe = experimentName.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 256 - suffix.length - 1);
  return `${/^[A-Za-z0-9]/.test(safe) ? safe : `x${safe}`}${suffix}`;
}

function randomHex8(): string {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word.toString(16).padStart(8, "0");
}
