// The rarer operations of the artifact service, by what they answer and by what they leave: where contents are, several at once,
// removals, and blobs that are taken over.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Service, workspacePath } from "../support/service.ts";
import { ACCOUNT, linksTo } from "./links.ts";

const ARTIFACTS = `/artifact/v2.0${workspacePath}/artifacts`;
const CONTAINER = "dcid.rare";
const OURS = `${ARTIFACTS}/ExperimentRun/${CONTAINER}`;
const PATHS = ["a.txt", "deep/b c.txt", "deep/ü#1%.txt"];

type Artifact = { readonly artifactId: string; readonly path: string; readonly container: string };
type Information = { readonly path: string; readonly contentUri: string };
type Batch = {
  readonly artifacts: Record<string, Artifact>;
  readonly artifactContentInformation: Record<string, Information>;
  readonly errors: Record<string, { readonly error: { readonly message: string } }>;
};

describe("artifacts", { timeout: 600_000 }, () => {
  let service: Service;
  before(async () => {
    service = await Service.start();
    await fill();
  });
  after(() => service[Symbol.asyncDispose]());

  async function fill(): Promise<void> {
    for (const [i, link] of (await linksTo(service, CONTAINER, PATHS)).entries()) {
      const headers = { "x-ms-blob-type": "BlockBlob" };
      const put = await fetch(link, { method: "PUT", headers, body: `content of ${PATHS[i]}` });
      assert.equal(put.status, 201, await put.text());
    }
  }
  const paths = async (container = CONTAINER) => {
    const page = await service.json<{ value: Artifact[] }>("GET", `${ARTIFACTS}/ExperimentRun/${container}`);
    return page.value.map(({ path }) => path);
  };
  const idOf = (path: string) => `ExperimentRun/${CONTAINER}/${path}`;
  const plain = (uri: string) => uri.replace(/^https:\/\/[^@/]+@/, "http://");
  /** Says where a content is and allows nothing. */
  async function assertNames({ path, contentUri }: Information, expected: string): Promise<void> {
    assert.equal(path, expected);
    const { protocol, username, host, search, pathname } = new URL(contentUri);
    assert.deepEqual([protocol, username, search], ["https:", ACCOUNT, ""]);
    assert.equal(host, new URL(service.url).host);
    const read = (await linksTo(service, CONTAINER, [expected]))[0] ?? "";
    assert.equal(new URL(read).pathname, pathname, "the same place as a link to it");
    const answer = await fetch(plain(contentUri));
    assert.equal(answer.status, 403, await answer.text());
  }

  it("says where contents are without a permission: one, by prefix, by id", async () => {
    for (const path of PATHS) {
      const query = `path=${encodeURIComponent(path)}`;
      await assertNames(await service.json("GET", `${OURS}/contentinfo/storageuri?${query}`), path);
    }
    const page = await service.json<{ value: Information[] }>(
      "GET",
      `${OURS}/prefix/contentinfo/storageuri?path=deep/`,
    );
    assert.deepEqual(
      page.value.map(({ path }) => path),
      PATHS.slice(1),
    );
    for (const one of page.value) await assertNames(one, one.path);
    const ids = [...PATHS.map(idOf), idOf("none"), "no id"];
    const batch = await service.json<Batch>("POST", `${ARTIFACTS}/storageuri/batch/metadata`, {
      artifactIds: ids,
    });
    assert.deepEqual(Object.keys(batch.artifacts).sort(), PATHS.map(idOf).sort());
    for (const path of PATHS) {
      assert.equal(batch.artifacts[idOf(path)]?.artifactId, idOf(path));
      await assertNames(batch.artifactContentInformation[idOf(path)] as Information, path);
    }
    assert.deepEqual(Object.keys(batch.errors).sort(), [idOf("none"), "no id"]);
    assert.match(batch.errors["no id"]?.error.message ?? "", /not the id of an artifact/);
    const missing = await service.call("GET", `${OURS}/contentinfo/storageuri?path=none`);
    assert.equal(missing.status, 404);
  });

  it("gives links by id that read the very content", async () => {
    const batch = await service.json<Batch>("POST", `${ARTIFACTS}/batch/metadata`, {
      artifactIds: PATHS.map((path) => `aml://artifactId/${idOf(path)}`),
    });
    for (const path of PATHS) {
      const information = batch.artifactContentInformation[`aml://artifactId/${idOf(path)}`];
      assert.equal(await (await fetch(plain(information?.contentUri ?? ""))).text(), `content of ${path}`);
    }
    assert.deepEqual(batch.errors, {});
  });

  it("lists a folder that is called like what a container does", async () => {
    const container = `${CONTAINER}batch`;
    const path = "batch/metadata/a.txt";
    const [link] = (await linksTo(service, container, [path])) as [string];
    await fetch(link, { method: "PUT", headers: { "x-ms-blob-type": "BlockBlob" }, body: "a" });
    for (const folder of ["batch", "batch/metadata"]) {
      const url = `${ARTIFACTS}/ExperimentRun/${container}/${folder}`;
      const { value } = await service.json<{ value: Artifact[] }>("GET", url);
      assert.deepEqual(
        value.map((file) => file.path),
        [path],
      );
    }
  });

  it("removes the files that are named, and no others", async () => {
    const remove = (body: unknown) =>
      service.call("POST", `${OURS}/batch/metadata:delete?hardDelete=true`, body);
    assert.equal((await remove({ paths: [{ path: "../../x" }] })).status, 400);
    assert.deepEqual(await paths(), PATHS);
    const named = { paths: [{ path: PATHS[2] }, { path: "never was" }, { path: PATHS[0] }] };
    for (let twice = 0; twice < 2; twice += 1) assert.equal((await remove(named)).status, 200);
    assert.deepEqual(await paths(), [PATHS[1]]);
    await fill();
  });

  it("removes all of a container, by both addresses, and no other container", async () => {
    const [link] = (await linksTo(service, `${CONTAINER}r`, ["x"])) as [string];
    await fetch(link, { method: "PUT", headers: { "x-ms-blob-type": "BlockBlob" }, body: "kept" });
    for (const address of [`${OURS}/batch`, `${ARTIFACTS}/batch/ExperimentRun/${CONTAINER}`]) {
      await fill();
      assert.equal((await service.call("DELETE", address)).status, 200);
      assert.deepEqual(await paths(), []);
      assert.equal((await service.call("DELETE", address)).status, 200);
    }
    assert.deepEqual(await paths(`${CONTAINER}r`), ["x"]);
    await fill();
  });

  it("takes over blobs of a datastore's container, with a signature that allows it", async () => {
    const store = await service.json<{
      azureStorageSection: { containerName: string; sasToken?: string; credential?: string };
    }>("GET", `/datastore/v1.0${workspacePath}/default`);
    const { containerName, sasToken, credential } = store.azureStorageSection;
    const sas = (sasToken ?? credential ?? "").replace(/^\?/, "");
    const containerUri = `${service.url}/${containerName}`;
    for (const name of ["in/1.txt", "in/sub/2.txt", "inside.txt"]) {
      const headers = { "x-ms-blob-type": "BlockBlob" };
      const put = await fetch(`${containerUri}/${name}?${sas}`, { method: "PUT", headers, body: name });
      assert.equal(put.status, 201, await put.text());
    }
    const take = (body: Record<string, unknown>, container = "dcid.taken") =>
      service.call("POST", `${ARTIFACTS}/batch/ingest/containersas/ExperimentRun/${container}`, {
        containerSas: sas,
        containerUri,
        prefix: "in/",
        artifactPrefix: "from/",
        ...body,
      });
    const taken = await take({});
    assert.equal(taken.status, 200);
    const { value } = (await taken.json()) as { value: Artifact[] };
    assert.deepEqual(
      value.map(({ path }) => path),
      ["from/1.txt", "from/sub/2.txt"],
    );
    const read = await service.call("GET", `${ARTIFACTS}/content/ExperimentRun/dcid.taken/from/sub/2.txt`);
    assert.equal(await read.text(), "in/sub/2.txt");
    for (const [body, status] of [
      [{ containerSas: sas.replace(/sig=./, "sig=!") }, 403],
      [{ containerSas: sas.replace(/&sp=[^&]*/, "&sp=rwdl") }, 403],
      [{ containerUri: `${service.url}/azureml-other` }, 403],
      [{ containerUri: `${service.url}/%zz` }, 400],
      [{ containerUri: "nowhere" }, 400],
      [{ artifactPrefix: "../" }, 400],
    ] as const) {
      const answer = await take(body, "dcid.refused");
      assert.equal(answer.status, status, `${JSON.stringify(body)} → ${await answer.text()}`);
    }
    assert.deepEqual(await paths("dcid.refused"), []);
  });
});
