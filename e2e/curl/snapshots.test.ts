// A snapshot made step by step, as the v1 SDK does it, with the service killed after each of them.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Service, workspacePath } from "../support/service.ts";

const snapshots = `/content/v2.0${workspacePath}/snapshots`;
const sha512 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
type Node = { name: string; type: string; hash: string; children: Record<string, Node> };

/** The tree of a folder without folders. */
function treeOf(files: Readonly<Record<string, string>>): Node {
  const children = Object.entries(files).map(([name, text]): [string, Node] => [
    name,
    { name, type: "File", hash: sha512(text, name, "File"), children: {} },
  ]);
  const sorted = children.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = sha512(...sorted.map(([, node]) => Buffer.from(node.hash, "hex")));
  return { name: "", type: "Directory", hash, children: Object.fromEntries(children) };
}

describe("a snapshot of the v1 SDK", { timeout: 600_000 }, () => {
  let service: Service;
  before(async () => {
    service = await Service.start();
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
  });
  const killed = async () => {
    await service.kill();
    await service.start();
  };
  /** The link as the same port takes it without TLS; its signature knows nothing of the scheme. */
  const plain = (link: string) => link.replace(/^https:\/\/[^@/]+@/, "http://");
  const metadata = (id: string) =>
    service.json<{ id: string; root: Partial<Node> }>(
      "GET",
      `/content/v1.0${workspacePath}/snapshots/${id}/metadata`,
    );

  it("outlives a kill after each step", async () => {
    assert.deepEqual(await metadata("latest"), { id: "00000000-0000-0000-0000-000000000000", root: {} });
    const files = { "main.py": "print('kept')\n", "ü #1%.txt": "odd" };
    const { fileNodes } = await service.json<{
      fileNodes: { fullName: keyof typeof files; blobUri: string }[];
    }>("POST", `${snapshots}/getblob`, { FileNames: Object.keys(files) });
    await killed();
    for (const { fullName, blobUri } of fileNodes) {
      const put = await fetch(plain(blobUri), {
        method: "PUT",
        body: files[fullName],
        headers: { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-08-06" },
      });
      assert.equal(put.status, 201, await put.text());
    }
    await killed();
    const id = randomUUID();
    const body = {
      ParentSnapshotId: "00000000-0000-0000-0000-000000000000",
      DirTreeNode: treeOf(files),
      FileRevisionList: {
        FileNodes: fileNodes.map(({ fullName, blobUri }) => ({
          FullName: fullName,
          BlobUri: blobUri,
          FileSize: Buffer.byteLength(files[fullName]),
        })),
      },
    };
    assert.deepEqual(await service.json("POST", `${snapshots}/${id}`, body), { id });
    await killed();
    assert.deepEqual(await service.json("POST", `${snapshots}/${id}`, body), { id });
    const latest = await metadata("latest");
    assert.deepEqual([latest.id, latest.root.hash], [id, body.DirTreeNode.hash]);
    const { zipSasUri } = await service.json<{ zipSasUri: string }>("POST", `${snapshots}/${id}/zip`);
    await killed();
    const zip = await fetch(zipSasUri);
    assert.equal(zip.status, 200);
    assert.equal(Buffer.from(await zip.arrayBuffer()).toString("latin1", 0, 2), "PK");

    const changed = { ...files, "main.py": "print('changed')\n" };
    const child = { ...body, ParentSnapshotId: id, DirTreeNode: treeOf(changed), FileRevisionList: null };
    const refused = await service.call("POST", `${snapshots}/${randomUUID()}`, child);
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /SnapshotIncomplete.*main\.py|main\.py.*SnapshotIncomplete/);
    const same = { ...child, DirTreeNode: body.DirTreeNode };
    const copy = randomUUID();
    assert.deepEqual(await service.json("POST", `${snapshots}/${copy}`, same), { id: copy });
    const other = await service.call("POST", `${snapshots}/${copy}`, child);
    assert.equal(other.status, 409);
  });
});
