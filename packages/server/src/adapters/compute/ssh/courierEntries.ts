// What the courier has packed for a launch, as files to be put where its own program would have fetched them to.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { type LaunchPlan, MalachiteError } from "@malachite/core";
import type { AwayCourier } from "../courier/index.ts";
import type { FarEntry } from "./farParcel.ts";

/** The courier's own folder in the run's. */
const OWN = ".courier";

type Line = {
  readonly path: string;
  readonly bytes: number;
  readonly executable?: true;
  readonly sha256?: string;
  readonly changedAt?: number;
  readonly end?: true;
};

/** Of a launch that is packed; `logs`: those that are written where it goes. The last says that all others are there. */
export async function* courierEntries(
  courier: Pick<AwayCourier, "listing" | "content" | "program">,
  { key }: Pick<LaunchPlan, "key">,
  logs: readonly string[],
): AsyncGenerator<FarEntry> {
  await using listing = await courier.listing(key);
  const content = await courier.content(key);
  if (listing === undefined || content === undefined)
    throw new MalachiteError("StorageFailed", `What the launch ${key} is made of is not here any more.`);
  const { sizeBytes } = await listing.look();
  let offset = 0;
  for await (const text of createInterface({ input: Readable.from(listing.read(0, sizeBytes)) })) {
    const { path, bytes, executable, sha256, changedAt, end } = JSON.parse(text) as Line;
    if (end) break;
    const from = offset;
    offset += bytes;
    yield {
      path,
      sizeBytes: bytes,
      ...(executable ? { executable } : {}),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(changedAt === undefined ? {} : { changedAt: Math.floor(changedAt) }),
      read: () => content.read(from, from + bytes),
    };
  }
  yield {
    path: `${OWN}/listing.jsonl`,
    sizeBytes,
    // When it is read, the one above may be closed by now.
    read: async function* () {
      await using again = await courier.listing(key);
      if (again !== undefined) yield* again.read(0, sizeBytes);
    },
  };
  const program = await courier.program();
  yield {
    path: `${OWN}/courier.pyz`,
    sizeBytes: program.length,
    sha256: createHash("sha256").update(program).digest("hex"),
    read: async function* () {
      yield program;
    },
  };
  // Logs exist from the start, so that whoever follows one can begin.
  for (const path of logs) yield { path, text: "" };
  yield { path: `${OWN}/unpacked`, text: "" };
}
