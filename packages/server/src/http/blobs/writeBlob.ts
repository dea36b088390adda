// All that changes a blob: put whole, in blocks or piece by piece; its properties and metadata; its removal.
import { createHash } from "node:crypto";
import { MalachiteError } from "@malachite/core";
import { created, versionHeaders } from "./blobAnswer.ts";
import {
  addressOf,
  type BlobRequest,
  demand,
  digestsOf,
  factsOf,
  invalid,
  mayReplace,
  metadataOf,
  numberOf,
} from "./blobRequest.ts";
import { readBlockList, writeBlockList } from "./blockListXml.ts";
import { writeCondition } from "./conditions.ts";

const MD5_OF_NOTHING = createHash("md5").digest("base64");

/** Put Blob: the whole of a block blob, or an append blob that is still empty. */
export async function putBlob(ask: BlobRequest): Promise<void> {
  demand(ask, "w", "c");
  const at = addressOf(ask);
  const { blobs } = ask.edge.flow;
  const facts = factsOf(ask, { plain: true });
  const digests = digestsOf(ask);
  const check = (there: Parameters<typeof mayReplace>[1]) => {
    mayReplace(ask, there);
    writeCondition(ask, there, true);
  };
  const type = ask.header("x-ms-blob-type")?.toLowerCase();
  switch (type) {
    case "blockblob": {
      // Said of the blob or of this request, they are the same bytes.
      const { contentMd5 } = facts.headers;
      if (digests.md5 !== undefined && contentMd5 !== digests.md5)
        throw invalid("Md5Mismatch", "x-ms-blob-content-md5 and Content-MD5 are not the same.");
      const { md5, ...blob } = await blobs.put(at, ask.body(), {
        ...facts,
        writer: ask.granted.writer,
        digests: { ...digests, ...(contentMd5 === undefined ? {} : { md5: contentMd5 }) },
        check,
        keepMd5: true,
      });
      return created(ask.reply, blob, { "content-md5": md5 });
    }
    case "appendblob":
      for await (const chunk of ask.body()) {
        if (chunk.byteLength > 0) {
          throw invalid("InvalidHeaderValue", "An append blob begins empty: send no body, then append.");
        }
      }
      if (digests.md5 !== undefined && digests.md5 !== MD5_OF_NOTHING)
        throw invalid("Md5Mismatch", "Content-MD5 is not that of an empty body.");
      return created(ask.reply, await blobs.createAppend(at, { ...facts, check }));
    case undefined:
      throw invalid("MissingRequiredHeader", "The header x-ms-blob-type must be BlockBlob or AppendBlob.");
    default:
      throw invalid("InvalidHeaderValue", "x-ms-blob-type must be BlockBlob or AppendBlob here.");
  }
}

/** Put Block. */
export async function putBlock(ask: BlobRequest): Promise<void> {
  demand(ask, "w", "c");
  const id = ask.query.get("blockid");
  if (!id) throw invalid("InvalidQueryParameterValue", "The query must name the block: blockid.");
  const { md5 } = await ask.edge.flow.blobs.stage(addressOf(ask), id, ask.body(), {
    writer: ask.granted.writer,
    digests: digestsOf(ask),
  });
  ask.reply.code(201).headers({ "content-md5": md5, "x-ms-request-server-encrypted": "false" }).send();
}

/** Put Block List. */
export async function putBlockList(ask: BlobRequest): Promise<void> {
  demand(ask, "w", "c");
  const choices = await readBlockList(ask);
  const blob = await ask.edge.flow.blobs.commit(addressOf(ask), choices, {
    ...factsOf(ask, { plain: false }),
    writer: ask.granted.writer,
    check: (there) => {
      mayReplace(ask, there);
      writeCondition(ask, there, true);
    },
  });
  created(ask.reply, blob);
}

/** Get Block List. */
export async function getBlockList(ask: BlobRequest): Promise<void> {
  demand(ask, "r");
  const type = (ask.query.get("blocklisttype") ?? "committed").toLowerCase();
  if (!["committed", "uncommitted", "all"].includes(type)) {
    throw invalid("InvalidQueryParameterValue", "blocklisttype must be committed, uncommitted or all.");
  }
  const found = await ask.edge.flow.blobs.blocks(addressOf(ask), { writer: ask.granted.writer });
  if (!found) throw new MalachiteError("BlobNotFound", "There is no blob of that name.");
  const { blob, committed, uncommitted } = found;
  ask.reply
    .headers({
      "content-type": "application/xml",
      "x-ms-blob-content-length": String(blob?.sizeBytes ?? 0),
      ...(blob ? versionHeaders(blob) : {}),
    })
    .send(
      writeBlockList(
        type === "uncommitted" ? undefined : committed,
        type === "committed" ? undefined : uncommitted,
      ),
    );
}

/** Append Block. */
export async function appendBlock(ask: BlobRequest): Promise<void> {
  demand(ask, "a", "w");
  const place = numberOf(ask.header("x-ms-blob-condition-appendpos"), "x-ms-blob-condition-appendpos");
  const longest = numberOf(ask.header("x-ms-blob-condition-maxsize"), "x-ms-blob-condition-maxsize");
  const { blob, offset, md5 } = await ask.edge.flow.blobs.append(addressOf(ask), ask.body(), {
    digests: digestsOf(ask),
    check: (there, pieceBytes) => {
      writeCondition(ask, there, false);
      if (place !== undefined && place !== there.sizeBytes) {
        throw new MalachiteError(
          "AppendPositionMismatch",
          `The piece was to begin at byte ${place}; the blob is ${there.sizeBytes} bytes long.`,
        );
      }
      if (longest !== undefined && there.sizeBytes + pieceBytes > longest) {
        throw new MalachiteError(
          "AppendTooLong",
          `With this piece the blob would be ${there.sizeBytes + pieceBytes} bytes long; ${longest} are allowed.`,
        );
      }
    },
  });
  created(ask.reply, blob, {
    "content-md5": md5,
    "x-ms-blob-append-offset": String(offset),
    "x-ms-blob-committed-block-count": String(blob.pieces ?? 0),
  });
}

/** Set Blob Properties: those that are not sent are cleared, as Azure does. */
export async function setProperties(ask: BlobRequest): Promise<void> {
  demand(ask, "w");
  const { headers } = factsOf(ask, { plain: false });
  const blob = await ask.edge.flow.blobs.describe(
    addressOf(ask),
    { headers },
    { check: (there) => writeCondition(ask, there, false) },
  );
  ask.reply.headers(versionHeaders(blob)).send();
}

export async function setMetadata(ask: BlobRequest): Promise<void> {
  demand(ask, "w");
  const blob = await ask.edge.flow.blobs.describe(
    addressOf(ask),
    { metadata: metadataOf(ask.request) },
    { check: (there) => writeCondition(ask, there, false) },
  );
  ask.reply.headers({ ...versionHeaders(blob), "x-ms-request-server-encrypted": "false" }).send();
}

export async function deleteBlob(ask: BlobRequest): Promise<void> {
  demand(ask, "d");
  const removed = await ask.edge.flow.blobs.remove(addressOf(ask), {
    check: (there) => writeCondition(ask, there, false),
  });
  if (!removed) throw new MalachiteError("BlobNotFound", "There is no blob of that name.");
  ask.reply.code(202).header("x-ms-delete-type-permanent", "true").send();
}
