// Real chance.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Ids } from "@malachite/core";

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
};
