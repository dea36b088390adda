// A service that is not root: with a Docker that root runs, by the group of its socket, and with a Podman of the user's own.
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startContainerEngine, withoutEngine } from "@malachite/server/conformance";
import { cancel, ended, fileOf, keyStart, reached, says, submit } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";
import { BUILD_LOG } from "./bench.ts";
import { startRootlessPodman, unreadableBy, withoutRootlessPodman } from "./rootlessPodman.ts";

/** Says who it is, and leaves files of all kinds. */
const WHO = `
import getpass, os, sys, time
os.makedirs("outputs/sub", exist_ok=True)
open("outputs/sub/file", "w").write("x")
os.symlink("file", "outputs/sub/link")
open(os.path.expanduser("~/note"), "w").write("x")
print(os.getuid(), getpass.getuser(), flush=True)
if "--wait" in sys.argv: time.sleep(600)
`;
/** A number that no user has, as clusters start services. */
const NAMELESS = { uid: 54_321, gid: 54_321 };

function everyPath(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
}

async function tryRuns(service: Service, image: string, uid: number, inside: string): Promise<void> {
  const environment = {
    python: { userManagedDependencies: true },
    docker: { enabled: true, baseImage: image },
  };
  const runId = await submit(service, { files: { "main.py": WHO }, configuration: { environment } });
  const run = await ended(service, runId);
  assert.equal(run.status, "Completed", JSON.stringify(run.error));
  assert.equal(String(await fileOf(service, runId)), `${inside}\n`);
  assert.equal(String(await fileOf(service, runId, "outputs/sub/file")), "x");

  // While it runs, all that it has made is the service's user's.
  const waits = await submit(service, {
    files: { "main.py": WHO },
    configuration: { environment, arguments: ["--wait"] },
  });
  await says(service, waits, "\n");
  const folders = join(service.data, "containers");
  const folder = readdirSync(folders).find((name) => name.startsWith(keyStart(waits))) ?? "";
  // A file that was just being written is there by another name.
  const others = everyPath(join(folders, folder)).filter(
    (path) => (statSync(path, { throwIfNoEntry: false })?.uid ?? uid) !== uid,
  );
  assert.deepEqual(others, []);
  await cancel(service, waits);
  assert.equal((await ended(service, waits)).status, "Canceled");
  await until("the folder to be freed", () => readdirSync(folders).every((name) => !/^[a-z]/.test(name)));

  // Installed by root of a container, used by the run.
  const built = await submit(service, {
    files: { "main.py": "import six, sys; print(six.__version__, sys.prefix)" },
    configuration: {
      environment: {
        python: { condaDependencies: { dependencies: ["python", { pip: ["six==1.16.0"] }] } },
        docker: { enabled: true, baseImage: image },
      },
    },
  });
  await reached(service, built, "Completed");
  assert.equal(String(await fileOf(service, built)), "1.16.0 /opt/malachite/env\n");
  assert.match(String(await fileOf(service, built, BUILD_LOG)), /six-1\.16\.0/);
}

describe("a service whose user is not root", () => {
  it("puts runs into containers of root's Docker, by the group of the socket", {
    skip: withoutEngine("docker") ?? unreadableBy(NAMELESS) ?? false,
  }, async () => {
    await using engine = await startContainerEngine("docker");
    // The folder of the engine is root's alone; the socket is not.
    chmodSync(join(engine.socket, ".."), 0o711);
    chownSync(engine.socket, 0, NAMELESS.gid);
    chmodSync(engine.socket, 0o660);
    await using service = await Service.start({
      user: NAMELESS,
      flags: ["--container-socket", engine.socket],
    });
    await tryRuns(service, engine.image, NAMELESS.uid, `${NAMELESS.uid} ${NAMELESS.uid}`);
    chmodSync(engine.socket, 0o600);
    const refused = await submit(service, {
      files: { "main.py": "" },
      configuration: { environment: { docker: { enabled: true, baseImage: engine.image } } },
    }).catch((error: Error) => error.message);
    assert.match(refused, /the service may not use it\. Add its user to the group of the socket/);
  });

  it("puts runs into containers of its own rootless Podman, whose root is that user", {
    skip: withoutRootlessPodman() ?? false,
  }, async () => {
    await using engine = await startRootlessPodman();
    await using service = await Service.start({
      user: engine.user,
      flags: ["--container-socket", engine.socket, "--target", "small=container"],
    });
    await tryRuns(service, engine.image, engine.user.uid, "0 root");
    // Control groups of version 1 are root's alone: there a limit is refused, and never forgotten.
    if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return;
    const refused = await submit(service, {
      files: { "main.py": "" },
      configuration: {
        target: "small",
        environment: { docker: { baseImage: engine.image } },
        docker: { arguments: ["--memory", "64m"] },
      },
    }).catch((error: Error) => error.message);
    assert.match(refused, /400.*--memory would have no effect: Podman \S+ cannot limit memory and CPUs/s);
  });
});
