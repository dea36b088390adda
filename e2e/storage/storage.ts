// An object storage behind a wire that a test can cut, and a service that keeps its files there.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AzureServer, type S3Server, startAzurite, startMoto } from "@malachite/server/conformance";
import { Service, type ServiceOptions } from "../support/service.ts";

export type StorageName = "Azurite" | "moto";

export type Storage = AsyncDisposable & {
  /** Whether connections pass. Cutting ends those that are there. */
  cut(isCut: boolean): void;
  readonly flags: readonly string[];
  /** The names of all objects with this text in them. */
  objects(part: string): Promise<string[]>;
  /** Texts that must stand in no log and no answer. */
  readonly secrets: readonly string[];
};

export async function startStorage(name: StorageName): Promise<Storage> {
  const opened = new AsyncDisposableStack();
  const server: AzureServer | S3Server = opened.use(
    name === "Azurite" ? await startAzurite() : await startMoto(),
  );
  const target = new URL(server.endpoint);
  const sockets = new Set<Socket>();
  let cut = false;
  const wire = createServer((client) => {
    if (cut) return void client.destroy();
    const there = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, there],
      [there, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(wire, "listening");
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  opened.defer(async () => {
    cutAll();
    wire.close();
    await once(wire, "close");
  });
  const folder = mkdtempSync(join(tmpdir(), "malachite-keys-"));
  opened.defer(() => rmSync(folder, { recursive: true }));
  const keys = join(folder, "keys");
  const endpoint = `http://127.0.0.1:${(wire.address() as AddressInfo).port}${target.pathname.replace(/\/$/, "")}`;
  let place: string;
  let secret: string;
  let names: () => AsyncIterable<string>;
  if ("account" in server) {
    const library = await import("@azure/storage-blob");
    const credential = new library.StorageSharedKeyCredential(server.account, server.key);
    const container = new library.BlobServiceClient(server.endpoint, credential).getContainerClient("files");
    await container.create();
    names = async function* () {
      for await (const { name } of container.listBlobsFlat()) yield name;
    };
    writeFileSync(keys, `# of a test\nAZURE_STORAGE_KEY=${server.key}\n`);
    [place, secret] = [`azure://${server.account}/files/some/where`, server.key];
  } else {
    writeFileSync(
      keys,
      `AWS_ACCESS_KEY_ID=${server.accessKeyId}\nAWS_SECRET_ACCESS_KEY="a-secret-of-moto"\n`,
    );
    // It asks nobody who he is.
    names = async function* () {
      for (let after = ""; ; ) {
        const query = new URLSearchParams({ "list-type": "2", "start-after": after });
        const page = await (await fetch(`${server.endpoint}/${server.bucket}?${query}`)).text();
        const keys = [...page.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
        yield* keys;
        after = keys.at(-1) ?? "";
        if (keys.length === 0) return;
      }
    };
    [place, secret] = [`s3://${server.bucket}/some/where`, "a-secret-of-moto"];
  }
  return {
    cut(isCut) {
      cut = isCut;
      if (isCut) cutAll();
    },
    flags: ["--blobs", place, "--blobs-endpoint", endpoint, "--blobs-keys", keys],
    secrets: [secret],
    async objects(part) {
      const found: string[] = [];
      for await (const name of names()) if (name.includes(part)) found.push(name);
      return found;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

export const serviceOn = (storage: Storage, { flags = [], ...rest }: ServiceOptions = {}): Promise<Service> =>
  Service.start({ ...rest, flags: [...storage.flags, ...flags] });
