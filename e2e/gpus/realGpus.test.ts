// Runs on a real GPU of this machine, by NVIDIA's driver alone: each kind of target that can be started here gives it, and takes it back.
// `MALACHITE_TEST_SLURM` names a Slurm whose GRES has it, `MALACHITE_TEST_PODMAN` the socket of an engine with NVIDIA's toolkit.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type SshServerUnderTest, startSshServer, withoutSshServer } from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
import { countGpus } from "../support/gpus.ts";
import { cancel, endAll, ended, fileOf, reached, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

const MEBIBYTE = 2 ** 20;
const HELD_MIB = 2048;
/** The driver's own library, called without any framework: takes memory, keeps the GPU busy with it until the test says go. */
const COMPUTES = `
import ctypes, os, sys, time
print(f"in {os.getcwd()}\\nsees {os.environ.get('CUDA_VISIBLE_DEVICES')}", flush=True)
cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *values):
    code = getattr(cuda, name)(*values)
    if code: sys.exit(f"{name} gave {code}")
call("cuInit", 0)
count, device, context, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
call("cuDeviceGetCount", ctypes.byref(count))
call("cuDeviceGet", ctypes.byref(device), 0)
call("cuCtxCreate_v2", ctypes.byref(context), 0, device)
held = ${HELD_MIB} * ${MEBIBYTE}
call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(held))
print("computes on", count.value, flush=True)
while not os.path.exists("go"):
    for value in range(200): call("cuMemsetD8_v2", memory, ctypes.c_ubyte(value), ctypes.c_size_t(held))
    call("cuCtxSynchronize")
last = ctypes.c_ubyte()
call("cuMemcpyDtoH_v2", ctypes.byref(last), memory, ctypes.c_size_t(1))
open("outputs/last", "w").write(str(last.value))
`;
const LOOKS = `
import ctypes, os
count = ctypes.c_int(-1)
cuda = ctypes.CDLL("libcuda.so.1")
print("sees", repr(os.environ.get("CUDA_VISIBLE_DEVICES")), "init", cuda.cuInit(0), flush=True)
`;
const gpus = countGpus();
const ALL = {
  environmentVariables: { CUDA_VISIBLE_DEVICES: Array.from({ length: gpus }, (_, i) => i).join() },
};
const NONE = { environmentVariables: { CUDA_VISIBLE_DEVICES: "-1" } };

/** Of all GPUs together. */
const usedMib = (): number =>
  execFileSync("nvidia-smi", ["--query-gpu=memory.used", "--format=csv,noheader,nounits"], {
    encoding: "utf8",
  })
    .trim()
    .split("\n")
    .reduce((sum, line) => sum + Number(line), 0);

describe("a real GPU", { skip: gpus === 0 && "there is no GPU on this machine", timeout: 600_000 }, () => {
  const home = new Home();
  let ssh: SshServerUnderTest | undefined;
  let service: Service;
  const { MALACHITE_TEST_SLURM: slurm, MALACHITE_TEST_PODMAN: podman } = process.env;
  const inContainer = {
    environment: {
      python: { userManagedDependencies: true, interpreterPath: "python3" },
      docker: { enabled: true, baseImage: "localhost/malachite-base:latest" },
    },
  };
  const kinds: Readonly<Record<string, { readonly without: string | false; readonly more?: object }>> = {
    local: { without: false },
    far: { without: withoutSshServer() ?? false },
    lab: { without: slurm === undefined && "no Slurm with a GPU was named" },
    box: { without: podman === undefined && "no engine with NVIDIA's toolkit was named", more: inContainer },
  };

  before(async () => {
    const target: Record<string, unknown> = {};
    if (!kinds.far?.without) {
      ssh = await startSshServer();
      const { host, port, user, key, fingerprint } = ssh;
      target.far = {
        kind: "ssh",
        host,
        port,
        user,
        key,
        fingerprint,
        gpus,
        slots: 2,
        folder: join(home.folder, "far"),
      };
    }
    if (slurm !== undefined) target.lab = { kind: "slurm", conf: slurm, gpusPerNode: gpus };
    if (podman !== undefined) target.box = { kind: "container" };
    const settings = join(home.folder, "malachite.json");
    writeFileSync(settings, JSON.stringify({ target }));
    service = await Service.start({
      flags: [
        ...["--settings", settings, "--system-metrics-seconds", "1", "--grace-seconds", "1"],
        ...(podman === undefined ? [] : ["--container-socket", podman]),
      ],
    });
    home.env = { MALACHITE_ENDPOINT: service.url };
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await ssh?.[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  let started: string[] = [];
  const start = async (target: string, script: string, configuration: object) => {
    const runId = await submit(service, {
      files: { "main.py": script },
      configuration: { target, ...kinds[target]?.more, ...configuration },
    });
    started.push(runId);
    return runId;
  };
  // What a test that failed has left must not keep the GPU from the next.
  afterEach(async () => {
    await endAll(service, started);
    started = [];
  });
  const log = async (runId: string) => String(await fileOf(service, runId).catch(() => ""));
  const said = (runId: string, words: RegExp) =>
    until(
      `${words} from ${runId}`,
      async () => {
        await reached(service, runId, "Running", 120_000);
        return words.exec(await log(runId));
      },
      60_000,
    );
  const measured = async (runId: string): Promise<Map<string, number>> => {
    const { run } = await service.json<{ run: { data: { metrics?: { key: string; value: number }[] } } }>(
      "GET",
      `/mlflow/v1.0${workspacePath}/api/2.0/mlflow/runs/get?run_id=${runId}`,
    );
    return new Map((run.data.metrics ?? []).map(({ key, value }) => [key, value]));
  };
  /** Puts the file that the script waits for into its working directory. A container's is seen from outside by another path. */
  const letGo = async (runId: string) => {
    const inside = /^in (.*)$/m.exec(await log(runId))?.[1] ?? "";
    const held = () =>
      execFileSync("find", [join(service.data, "containers"), "-name", "main.py"], { encoding: "utf8" });
    const folder = existsSync(join(inside, "main.py")) ? inside : dirname(held().trim());
    writeFileSync(join(folder, "go"), "");
  };

  it("is found at the start, and told by the list of targets", async () => {
    const { stdout } = await home.run("target", "list");
    assert.match(stdout, new RegExp(`local .* ${gpus} of ${gpus}`));
  });

  for (const [target, { without }] of Object.entries(kinds))
    describe(`on ${target}`, { skip: without }, () => {
      it("computes for a run, which goes on through kill -9 of the service; what it uses is measured", async () => {
        const before = usedMib();
        const runId = await start(target, COMPUTES, ALL);
        const [, count] = await said(runId, /computes on (\d+)/);
        assert.equal(Number(count), gpus, await log(runId));
        await service.kill();
        await service.start();
        const seen = await until(
          "the GPU among the run's metrics",
          async () => {
            const now = await measured(runId);
            const used = now.get("system/gpu_0_utilization_percentage") ?? 0;
            return used > 0 ? now : undefined;
          },
          60_000,
        );
        const memory = seen.get("system/gpu_0_memory_usage_megabytes") ?? 0;
        assert.ok(memory > (HELD_MIB * MEBIBYTE) / 1e6, JSON.stringify([...seen]));
        assert.ok((seen.get("system/gpu_0_power_usage_watts") ?? 0) > 10, JSON.stringify([...seen]));
        await letGo(runId);
        assert.equal((await ended(service, runId)).status, "Completed", await log(runId));
        assert.equal(String(await fileOf(service, runId, "outputs/last")), "199");
        await until("the GPU's memory to be free", () => usedMib() < before + HELD_MIB / 2);
      });

      it("is one run's alone: the next waits, says for what, and has it when the first is canceled", async () => {
        const before = usedMib();
        const first = await start(target, COMPUTES, ALL);
        await said(first, /computes on/);
        const second = await start(target, COMPUTES, ALL);
        let told = "";
        await until("why the second waits", async () => {
          told = (await home.run("why", second)).stdout;
          // Slurm's own words, or ours.
          return /GPU|Resources|Priority/.test(told);
        }).catch((error: Error) => assert.fail(`${error.message} It said: ${told}`));
        await cancel(service, first);
        assert.equal((await ended(service, first)).status, "Canceled");
        await said(second, /computes on/);
        await cancel(service, second);
        await ended(service, second);
        await until("the GPU's memory to be free", () => usedMib() < before + HELD_MIB / 2);
      });

      it("is not seen by a run that asks for none", async () => {
        const runId = await start(target, LOOKS, NONE);
        await ended(service, runId);
        // 100: there is no device. In a container without GPUs there is no driver's library either.
        assert.match(await log(runId), /init 100|libcuda/);
      });
    });
});
