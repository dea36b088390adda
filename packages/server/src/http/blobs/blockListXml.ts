// The list of blocks, as a client sends it to commit and as it is told.
import { createHash } from "node:crypto";
import type { Block, BlockChoice } from "@malachite/core";
import { readBytes } from "../plugins/jsonBody.ts";
import { type BlobRequest, digestsOf, invalid } from "./blobRequest.ts";

/** 50,000 ids of 88 letters with their tags. */
const LONGEST_BYTES = 8 * 1024 * 1024;
const ENTRY = /\s*<(Latest|Committed|Uncommitted)>\s*([A-Za-z0-9+/=]*)\s*<\/\1>/gy;

/** Throws InvalidRequest (InvalidXmlDocument), TooLarge. */
export async function readBlockList(ask: BlobRequest): Promise<BlockChoice[]> {
  const bytes = await readBytes(ask.body(), LONGEST_BYTES);
  const { md5 } = digestsOf(ask);
  if (md5 !== undefined && md5 !== createHash("md5").update(bytes).digest("base64")) {
    throw invalid("Md5Mismatch", "The block list does not have the MD5 it was sent under.");
  }
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  const list = /^\s*(?:<\?xml[^>]*\?>)?\s*<BlockList(?:\s[^>]*)?(?:\/>|>([\s\S]*)<\/BlockList>)\s*$/.exec(
    text,
  );
  if (!list) throw notXml();
  const inner = (list[1] ?? "").trimEnd();
  const choices: BlockChoice[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < inner.length) {
    const entry = ENTRY.exec(inner);
    if (!entry) throw notXml();
    choices.push({ id: entry[2] as string, from: (entry[1] as string).toLowerCase() as BlockChoice["from"] });
  }
  return choices;
}

const notXml = () =>
  invalid(
    "InvalidXmlDocument",
    "The body is not a BlockList of Latest, Committed and Uncommitted elements with ids in base64.",
  );

/** Undefined lists were not asked for. */
export const writeBlockList = (
  committed: readonly Block[] | undefined,
  uncommitted: readonly Block[] | undefined,
): string => {
  const list = (name: string, blocks: readonly Block[] | undefined) =>
    blocks === undefined
      ? ""
      : `<${name}>${blocks.map(({ id, sizeBytes }) => `<Block><Name>${id}</Name><Size>${sizeBytes}</Size></Block>`).join("")}</${name}>`;
  return `<?xml version="1.0" encoding="utf-8"?><BlockList>${list("CommittedBlocks", committed)}${list("UncommittedBlocks", uncommitted)}</BlockList>`;
};
