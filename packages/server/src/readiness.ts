// Whether the service takes work, part by part. Anybody may ask, so what the parts cost is paid once for all who ask at a time.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { malachite } from "@malachite/contract";

export type Parts = {
  /** A question to the records that costs next to nothing. */
  readonly records: () => Promise<unknown>;
  readonly dataFolder: string;
  /** Every unfinished run is in hand. */
  readonly ready: () => boolean;
  readonly draining: () => boolean;
};

/** A store that does not answer by then is not ready, and who asks wants to hear so before he gives up. */
const WITHIN_MS = 3000;
/** An answer is as good as new for so long. */
const KEPT_MS = 500;

/** A full disk still makes empty files, and some keep a few bytes where they keep the name. */
const PROBE = Buffer.alloc(4096);

export function createReadiness(
  { records, dataFolder, ready, draining }: Parts,
  now: () => number,
): () => Promise<malachite.Readiness> {
  const probe = join(dataFolder, ".writable");
  const look = async (): Promise<malachite.Readiness> => {
    const parts = await Promise.all([
      part("records", records),
      part("dataFolder", async () => {
        await writeFile(probe, PROBE, { mode: 0o600 });
        await rm(probe, { force: true });
      }),
      part("runs", async () => {
        if (!ready()) throw new Error("Not all unfinished runs are in hand yet, or the service is stopping.");
      }),
      part("draining", async () => {
        if (draining()) throw new Error("The service is draining: it starts no further run.");
      }),
    ]);
    return { ready: parts.every(({ ok }) => ok), parts };
  };
  let last: { readonly at: number; readonly told: Promise<malachite.Readiness> } | undefined;
  return () => {
    if (last === undefined || now() - last.at >= KEPT_MS) last = { at: now(), told: look() };
    return last.told;
  };
}

async function part(name: string, work: () => Promise<unknown>): Promise<malachite.ReadinessPart> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`No answer within ${WITHIN_MS / 1000} s.`)),
    WITHIN_MS,
  );
  try {
    await Promise.race([work(), late.promise]);
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
