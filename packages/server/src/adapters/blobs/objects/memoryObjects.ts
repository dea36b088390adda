// An object storage in memory, for tests: it keeps the promises of the port, and fails when a test wants it to.
import { createHash } from "node:crypto";
import { MalachiteError } from "@malachite/core";
import type { Objects } from "./objects.ts";

type Kept = { readonly bytes: Buffer; readonly etag: string; readonly changedAt: number };

export type MemoryObjects = Objects & {
  readonly objects: ReadonlyMap<string, Kept>;
  /** Called before each thing that is asked; what it throws is what the storage says. */
  before: (what: keyof Objects, key: string) => void | Promise<void>;
};

/** Empty. `now`: the storage's clock. */
export function createMemoryObjects(now: () => number = Date.now): MemoryObjects {
  const objects = new Map<string, Kept>();
  let versions = 0;
  const set = (key: string, bytes: Uint8Array): string => {
    versions += 1;
    const etag = `"${versions}"`;
    objects.set(key, { bytes: Buffer.from(bytes), etag, changedAt: now() });
    return etag;
  };
  const headOf = (key: string, { bytes, etag, changedAt }: Kept) => ({
    key,
    sizeBytes: bytes.length,
    etag,
    changedAt,
  });
  const self: MemoryObjects = {
    objects,
    place: "memory://",
    longestKeyBytes: 1024,
    before: () => {},
    async put(key, bytes, { condition }) {
      await self.before("put", key);
      const there = objects.get(key);
      if (
        condition !== undefined &&
        ("ifNone" in condition ? there !== undefined : there?.etag !== condition.ifMatch)
      )
        return undefined;
      return set(key, bytes);
    },
    async putLarge(key, content) {
      await self.before("putLarge", key);
      const bytes = await content.read(0, content.sizeBytes);
      set(key, bytes);
      return createHash("md5").update(bytes).digest("base64");
    },
    async get(key) {
      await self.before("get", key);
      const there = objects.get(key);
      return there && { ...there };
    },
    async *read(key, from, to) {
      await self.before("read", key);
      const there = objects.get(key);
      if (there === undefined) throw new MalachiteError("StorageFailed", `There is no ${key}.`);
      yield there.bytes.subarray(from, to);
    },
    async head(key) {
      await self.before("head", key);
      const there = objects.get(key);
      return there && headOf(key, there);
    },
    async *list({ prefix, after, folders }) {
      await self.before("list", prefix);
      const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
      let last = "";
      for (const key of [...objects.keys()].sort(compare)) {
        if (!key.startsWith(prefix)) continue;
        const slash = folders ? key.indexOf("/", prefix.length) : -1;
        const shown = slash < 0 ? key : key.slice(0, slash + 1);
        if (shown === last || (after !== undefined && compare(shown, after) <= 0)) continue;
        last = shown;
        const there = objects.get(key);
        if (slash >= 0) yield { folder: shown };
        else if (there !== undefined) yield headOf(key, there);
      }
    },
    async remove(keys) {
      await self.before("remove", keys.join(" "));
      for (const key of keys) objects.delete(key);
    },
    async removeVersion(key, etag) {
      await self.before("removeVersion", key);
      if (objects.get(key)?.etag !== etag) return false;
      return objects.delete(key);
    },
    async sweepParts() {},
    link: async (key, until) => `memory://${encodeURIComponent(key)}?until=${until}`,
    close() {},
  };
  return self;
}
