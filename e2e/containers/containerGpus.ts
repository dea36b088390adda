// Runs in containers on a machine with GPUs whose engine can give none to a container. The GPUs are told by a tool of that name which
// the test writes; the engine is a real one, without NVIDIA's toolkit.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileOf, reached, submit } from "../support/runs.ts";
import { Service, workspacePath } from "../support/service.ts";
import type { ContainerBench } from "./bench.ts";

const SAYS =
  "import os; print(repr(os.environ.get('CUDA_VISIBLE_DEVICES')), os.environ.get('NVIDIA_VISIBLE_DEVICES'))";

export function containerGpus(bench: ContainerBench): void {
  describe("where the machine has GPUs that the engine cannot give", () => {
    let service: Service;
    let tools = "";
    before(async () => {
      tools = mkdtempSync(join(tmpdir(), "malachite-gpus-"));
      writeFileSync(join(tools, "nvidia-smi"), "#!/bin/sh\nprintf '0\\n1\\n'\n", { mode: 0o755 });
      service = await Service.start({
        flags: ["--container-socket", bench.engine.socket, "--target", "box=container"],
        env: { PATH: `${tools}:${process.env.PATH}` },
      });
    });
    after(async () => {
      await service?.[Symbol.asyncDispose]();
      rmSync(tools, { recursive: true });
    });
    const said = async (configuration: Record<string, unknown>): Promise<string> => {
      const runId = await submit(service, { files: { "main.py": SAYS }, configuration });
      await reached(service, runId, "Completed");
      return String(await fileOf(service, runId)).trim();
    };

    it("a run that asks for none goes into its container, and sees none", async () => {
      assert.equal(await said(bench.inImage()), "'' void");
      assert.equal(await said({ ...bench.inImage(), target: "box" }), "'' void");
      // Without a container it has one, as ever.
      assert.equal(await said({}), "'0' None");
    });

    it("one that asks is refused before it is queued, with the engine's reason", async () => {
      const docker = { docker: { useDocker: true, arguments: ["--gpus", "1"] } };
      const variables = { environmentVariables: { CUDA_VISIBLE_DEVICES: "0" } };
      const nccl = { framework: "PyTorch", communicator: "Nccl", pytorch: { processCount: 1 } };
      for (const [asks, path] of [
        [docker, "configuration.docker.arguments"],
        [variables, "configuration.environmentVariables.CUDA_VISIBLE_DEVICES"],
        [nccl, "configuration.communicator"],
      ] as const) {
        const refused = await submit(service, {
          files: { "main.py": "" },
          configuration: { ...bench.inImage(), ...asks },
        }).catch((error: Error) => error.message);
        assert.match(refused, /400.*TargetTooSmall/s);
        assert.ok(refused.includes(`${path}: `), refused);
        assert.match(refused, /has none\. (Docker|Podman) \S+ gives no GPUs to containers/);
      }
    });

    it("the list of targets says so", async () => {
      const { value } = await service.json<{ value: { name: string; gpus: number; gpusReason?: string }[] }>(
        "GET",
        `/malachite/v1.0${workspacePath}/targets`,
      );
      const shown = value.map(({ name, gpus, gpusReason }) => [name, gpus, gpusReason !== undefined]);
      assert.deepEqual(shown.sort(), [
        ["box", 0, true],
        ["local", 2, false],
      ]);
    });
  });
}
