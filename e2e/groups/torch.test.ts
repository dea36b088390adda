// PyTorch's own processes meet over gloo: a real all-reduce, and a small training by DistributedDataParallel.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { example } from "../support/examples.ts";
import { countGpus } from "../support/gpus.ts";
import { ended, fileOf, reached, submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { pythonWithTorch } from "../support/venvs.ts";

describe("a run of PyTorch", () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "2", "--grace-seconds", "2"] });
  });
  after(() => service[Symbol.asyncDispose]());

  const environment = (python: string) => ({
    python: { userManagedDependencies: true, interpreterPath: python },
  });

  for (const nodeCount of [1, 2])
    it(`trains by two processes on ${nodeCount} nodes, which see the same averaged gradients`, async (t) => {
      const python = orSkip(t, pythonWithTorch);
      if (!python) return;
      const { files, configuration } = example("pytorch", "ddp");
      const runId = await submit(service, {
        files,
        configuration: { ...configuration, nodeCount, environment: environment(python) },
      });
      await reached(service, runId, "Completed", 180_000);
      const results = [];
      for (const rank of [0, 1]) {
        results.push(JSON.parse(String(await fileOf(service, runId, `outputs/rank_${rank}.json`))));
        assert.match(
          String(await fileOf(service, runId, `user_logs/std_log_process_${rank}.txt`)),
          new RegExp(`^rank ${rank} of 2: the sum of all ranks is 1$`, "m"),
        );
      }
      assert.deepEqual(results[0], results[1]);
      assert.equal(results[0].sum, 1);
      assert.ok(Math.abs(results[0].weight - 3) < 0.2, JSON.stringify(results));
    });

  it("trains over nccl, a process for each GPU", async (t) => {
    const gpus = countGpus();
    if (gpus === 0)
      return t.skip("there is no GPU on this machine: nccl is not tried, only what it is told (planGroup)");
    const python = orSkip(t, pythonWithTorch);
    if (!python) return;
    const { files, configuration } = example("pytorch", "ddp");
    const runId = await submit(service, {
      files,
      configuration: {
        ...configuration,
        communicator: "Nccl",
        pytorch: { processCount: gpus },
        environment: environment(python),
      },
    });
    await reached(service, runId, "Completed", 180_000);
    const { weight } = JSON.parse(String(await fileOf(service, runId, "outputs/rank_0.json")));
    assert.ok(Math.abs(weight - 3) < 0.2);
  });

  it("ends when one process fails while the others wait for it", async (t) => {
    const python = orSkip(t, pythonWithTorch);
    if (!python) return;
    const main = `
import sys
import torch.distributed as dist
_, url, rank, size = sys.argv
dist.init_process_group("gloo", init_method=url, rank=int(rank), world_size=int(size))
if dist.get_rank() == 1:
    raise ValueError("no data on rank 1")
dist.barrier()
`;
    const runId = await submit(service, {
      files: { "main.py": main },
      configuration: {
        framework: "PyTorch",
        communicator: "Gloo",
        pytorch: { processCount: 2 },
        // As Azure's documentation has it.
        arguments: ["$AZ_BATCHAI_PYTORCH_INIT_METHOD", "$AZ_BATCHAI_TASK_INDEX", 2],
        environment: environment(python),
      },
    });
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.match(
      run.error?.error?.message ?? "",
      /^Rank 1 ended with exit code 1.*ValueError: no data on rank 1/s,
    );
  });
});
