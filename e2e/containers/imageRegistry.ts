// A registry with one image: that of the engine, and a layer on top of it. Layers go out plain, as they lie in the archive.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseImage } from "@malachite/server/conformance";

export type ImageRegistry = AsyncDisposable & {
  /** Pulls of the upper layer that have been begun and wait for its second half. */
  waiting(): number;
  /** Lets the layer go out whole, from now on. */
  open(): void;
};

const sha256 = (bytes: Buffer | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const LAYER = "application/vnd.docker.image.rootfs.diff.tar";
const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Serves `team/slow:1` at the address. The upper layer has the file /slow with that text. */
export async function startImageRegistry(address: string, text: string): Promise<ImageRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-registry-"));
  const base = join(baseImage(), "base.tar");
  const digest = execFileSync("sha256sum", [base], { encoding: "utf8" }).split(" ")[0];
  writeFileSync(join(folder, "slow"), text);
  // Bytes that nobody compresses, so that half of them are on their way when the test looks.
  writeFileSync(join(folder, "ballast"), randomBytes(2 ** 20));
  execFileSync("tar", ["-cf", "upper.tar", "--owner=0", "--group=0", "slow", "ballast"], { cwd: folder });
  const upper = readFileSync(join(folder, "upper.tar"));
  const layers = [`sha256:${digest}`, sha256(upper)];
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { Env: ["PATH=/usr/local/bin:/usr/bin:/bin"], Cmd: ["python3"] },
    rootfs: { type: "layers", diff_ids: layers },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: config.length,
      digest: sha256(config),
    },
    layers: [
      { mediaType: LAYER, size: statSync(base).size, digest: layers[0] },
      { mediaType: LAYER, size: upper.length, digest: layers[1] },
    ],
  });
  const waiting = new Set<ServerResponse>();
  let isOpen = false;
  const rest = upper.subarray(upper.length / 2);
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const send = (type: string, body: string) => {
      response.writeHead(200, {
        "content-type": type,
        "content-length": body.length,
        "docker-content-digest": sha256(body),
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    if (path === "/v2/") return send("application/json", "{}");
    if (path.includes("/manifests/")) return send(MANIFEST, manifest);
    if (path.endsWith(sha256(config))) return send("application/octet-stream", config);
    const isUpper = path.endsWith(layers[1] ?? "");
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": isUpper ? upper.length : statSync(base).size,
    });
    if (request.method === "HEAD") return response.end();
    if (!isUpper) return createReadStream(base).pipe(response);
    if (isOpen) return response.end(upper);
    response.write(upper.subarray(0, upper.length / 2));
    waiting.add(response);
    return response.once("close", () => waiting.delete(response));
  });
  const [host, port] = address.split(":");
  server.listen(Number(port), host);
  await once(server, "listening");
  return {
    waiting: () => waiting.size,
    open() {
      isOpen = true;
      for (const response of waiting) response.end(rest);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
