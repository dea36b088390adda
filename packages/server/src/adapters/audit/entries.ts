// An entry of the audit log as a line, and the chain that ties it to the one before.
import { createHash } from "node:crypto";
import type { AuditAsk, AuditEntry, AuditedAct } from "@malachite/core";

/** What the first entry comes after. */
export const FIRST = "0".repeat(64);

/** The entry with its number and hashes. The hash is made of the text up to `before`, so it is checked with any tool. */
export function chained(act: AuditedAct, no: number, before: string): AuditEntry {
  const entry = { no, ...act };
  return { ...entry, before, hash: hashOf(before, JSON.stringify(entry)) };
}

export const hashOf = (before: string, text: string): string =>
  createHash("sha256").update(before).update(text).digest("hex");

/** Undefined for a line that is none: one that a kill or a full disk has cut. */
export function parseEntry(line: string): AuditEntry | undefined {
  try {
    const { no, hash } = JSON.parse(line) as { no?: unknown; hash?: unknown };
    return typeof no === "number" && typeof hash === "string" ? (JSON.parse(line) as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}

export function fits(entry: AuditEntry, { who, runId, operation }: AuditAsk): boolean {
  return (
    (who === undefined || entry.who.name === who || entry.who.objectId === who) &&
    (runId === undefined || entry.of.runId === runId || entry.who.run === runId) &&
    (operation === undefined || entry.operation.startsWith(operation))
  );
}
