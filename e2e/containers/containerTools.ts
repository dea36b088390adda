// Environment tools that targets name, where the environment is an image: an index of the target's own, and what of a process target
// means nothing in a container. docs/targets.md, docs/decisions/0414-environment-tools-of-targets.md.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ended, fileOf, python3, submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { BUILD_LOG, type ContainerBench } from "./bench.ts";

/** `wheel.py FILE`: a wheel of `only_here` 1.0, a package that no public index has. */
const WHEEL = `import sys, zipfile
info = "malachite_only_here-1.0.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("only_here.py", "WHERE = 'the index of the target'\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: malachite-only-here\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;
const FILE = "malachite_only_here-1.0-py3-none-any.whl";

/** An index with that one package. */
async function startIndex(folder: string) {
  execFileSync(python3(), ["-c", WHEEL, join(folder, FILE)]);
  const sum = createHash("sha256")
    .update(readFileSync(join(folder, FILE)))
    .digest("hex");
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    if (url === `/files/${FILE}`) return void response.end(readFileSync(join(folder, FILE)));
    const found = url === "/simple/malachite-only-here/";
    response.writeHead(found ? 200 : 404, { "content-type": "text/html" });
    response.end(found ? `<a href="/files/${FILE}#sha256=${sum}">${FILE}</a>` : "");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function containerTools(bench: ContainerBench): void {
  describe("environment tools of targets", () => {
    const opened = new AsyncDisposableStack();
    let index: Awaited<ReturnType<typeof startIndex>>;
    let service: Service;
    let root: string;
    before(async () => {
      root = mkdtempSync(join(tmpdir(), "malachite-tools-"));
      opened.defer(() => rmSync(root, { recursive: true }));
      index = opened.use(await startIndex(root));
      mkdirSync(join(root, "bin"));
      const fake = join(root, "bin/uv");
      writeFileSync(fake, "#!/bin/sh\necho uv 0.9.9\n", { mode: 0o755 });
      const setup = join(root, "setup.sh");
      writeFileSync(setup, `export OF_SETUP=yes\n`);
      const target = {
        lab: { kind: "container", packageIndex: index.address, condaChannels: ["*=https://conda.lab/x"] },
        away: { kind: "container", packageIndex: "http://127.0.0.1:9/simple" },
        machine: { kind: "process", packageIndex: index.address, toolPath: [join(root, "bin")], setup },
      };
      const settings = join(root, "settings.yaml");
      writeFileSync(settings, JSON.stringify({ target }));
      service = opened.use(
        await Service.start({
          flags: [
            ...["--container-socket", bench.engine.socket, "--container-image", bench.engine.image],
            ...["--settings", settings, "--target", "box=container"],
          ],
          env: { HTTPS_PROXY: "" },
        }),
      );
    });
    after(() => opened.disposeAsync());

    const python = {
      condaDependencies: { dependencies: ["python=3.11", { pip: ["malachite-only-here==1.0"] }] },
    };
    const begin = (target: string, script: string) =>
      submit(service, {
        files: { "main.py": script },
        configuration: {
          target,
          environment: { python, docker: { enabled: true, baseImage: bench.engine.image } },
        },
      });

    it("have packages of the index of a container target put onto the image, and of no other target", async () => {
      const runId = await begin("lab", "import only_here; print(only_here.WHERE)");
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", JSON.stringify(run.error));
      assert.equal(String(await fileOf(service, runId)), "the index of the target\n");
      assert.ok(index.asked.includes(`/files/${FILE}`), index.asked.join(" "));
      const lock = String(await fileOf(service, runId, "azureml-logs/environment-lock.txt"));
      assert.match(lock, /^malachite-only-here==1\.0 --hash=sha256:[0-9a-f]{64}$/m);
      const other = await ended(service, await begin("box", ""));
      assert.equal(other.status, "Failed");
      assert.match(JSON.stringify(other.error), /EnvironmentFailed/);
      assert.match(
        JSON.stringify(other.error),
        /No matching distribution found for malachite-only-here==1\.0/,
      );
    });

    it("say which index does not answer", async () => {
      const runId = await begin("away", "");
      const run = await ended(service, runId);
      assert.equal(run.status, "Failed");
      const why = JSON.stringify(run.error);
      for (const part of [/EnvironmentFailed/, /http:\/\/127\.0\.0\.1:9\/simple/, /Connection refused/])
        assert.match(why, part, String(await fileOf(service, runId, BUILD_LOG)));
    });

    it("of a process target: its index holds in a container too, and its tools and its setup file stay outside", async () => {
      const script =
        "import only_here, os; print(only_here.WHERE, os.environ.get('OF_SETUP'), os.environ['PATH'])";
      const runId = await begin("machine", script);
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", JSON.stringify(run.error));
      const said = String(await fileOf(service, runId));
      assert.match(said, /^the index of the target None \//);
      assert.ok(!said.includes(root), said);
    });

    it("have conda packages of the channels of a container target", async () => {
      const conda = [
        "#!/bin/sh",
        'echo "conda was asked: $*"',
        'if [ "$1" = list ]; then exit; fi',
        "while [ $# -gt 0 ]; do if [ $1 = -p ]; then python3 -m venv $2; exit; fi; shift; done",
      ];
      const lines = conda.map((line) => `RUN echo '${line}' >>/usr/bin/conda`);
      const text = [`FROM ${bench.engine.image}`, ...lines, "RUN chmod 755 /usr/bin/conda"].join("\n");
      const blas = { condaDependencies: { channels: ["c"], dependencies: ["python=3.6", "blas"] } };
      const runId = await submit(service, {
        files: { "main.py": "" },
        configuration: {
          target: "lab",
          environment: { python: blas, docker: { enabled: true, baseDockerfile: text } },
        },
      });
      const run = await ended(service, runId);
      const log = String(await fileOf(service, runId, BUILD_LOG));
      assert.equal(run.status, "Completed", `${JSON.stringify(run.error)}\n${log}`);
      assert.match(
        log,
        /conda was asked: create .* --override-channels -c https:\/\/conda\.lab\/x python=3\.6 blas/,
      );
    });
  });
}
