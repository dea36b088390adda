// From counters to rows.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { metricFault } from "./checkMetric.ts";
import { nextLook, systemMetrics, type Usage } from "./systemMetrics.ts";

const usage = (more: Partial<Usage> = {}): Usage => ({ at: 0, cpus: 4, memoryLimitBytes: 8e9, ...more });
const valuesOf = (before: Usage | undefined, now: Usage) =>
  Object.fromEntries(
    systemMetrics(before, now, 7).map((post) => [
      post.name.replace("system/", ""),
      post.rows[0]?.data[post.name],
    ]),
  );

describe("system metrics", () => {
  it("are told under MLflow's names, apart from what users log, and can be kept", () => {
    const posts = systemMetrics(
      usage({ cpuMs: 1000 }),
      usage({
        at: 10_000,
        cpuMs: 11_000,
        memoryBytes: 2e9,
        readBytes: 3e6,
        writtenBytes: 1_234_567,
        disk: { usedBytes: 3e9, availableBytes: 1e9 },
        gpus: [
          {
            gpu: 1,
            utilizationPercent: 50,
            memoryBytes: 1e9,
            memoryLimitBytes: 4e9,
            powerWatts: 70,
            powerLimitWatts: 700,
          },
        ],
      }),
      10,
    );
    assert.deepEqual(Object.fromEntries(posts.map(({ name, rows }) => [name, rows[0]?.data[name]])), {
      "system/cpu_utilization_percentage": 25,
      "system/system_memory_usage_megabytes": 2000,
      "system/system_memory_usage_percentage": 25,
      "system/disk_read_megabytes": 3,
      "system/disk_write_megabytes": 1.23,
      "system/disk_usage_megabytes": 3000,
      "system/disk_available_megabytes": 1000,
      "system/disk_usage_percentage": 75,
      "system/gpu_1_utilization_percentage": 50,
      "system/gpu_1_memory_usage_megabytes": 1000,
      "system/gpu_1_memory_usage_percentage": 25,
      "system/gpu_1_power_usage_watts": 70,
      "system/gpu_1_power_usage_percentage": 10,
    });
    for (const post of posts) {
      assert.equal(metricFault(post), undefined);
      assert.deepEqual([post.namespace, post.rows[0]?.step, post.rows[0]?.createdAt], ["system", 10, 10_000]);
    }
  });

  it("count the network from the first look on", () => {
    const at = (receivedBytes: number, sentBytes: number) => usage({ network: { receivedBytes, sentBytes } });
    const values = (...looks: Parameters<typeof systemMetrics>) =>
      systemMetrics(...looks).map(({ name, rows }) => [name, rows[0]?.data[name]]);
    assert.deepEqual(values(at(7e6, 7e6), at(9e6, 12e6), 20, at(5e6, 6e6)), [
      ["system/network_receive_megabytes", 4],
      ["system/network_transmit_megabytes", 6],
    ]);
    assert.deepEqual(values(at(1, 1), at(1e6, 9e6), 20, at(5e6, 6e6)), [
      ["system/network_transmit_megabytes", 3],
    ]);
    assert.deepEqual(values(usage(), at(1, 1), 20), []);
  });

  it("leave out what is not known", () => {
    assert.deepEqual(valuesOf(undefined, usage({ cpuMs: 5 })), {});
    assert.deepEqual(valuesOf(usage({ cpuMs: 500 }), usage({ at: 10, cpuMs: 400, memoryBytes: 1e6 })), {
      system_memory_usage_megabytes: 1,
      system_memory_usage_percentage: 0.01,
    });
    assert.deepEqual(valuesOf(usage({ cpuMs: 1 }), usage({ cpuMs: 2 })), {}, "no time has passed");
  });

  it("are never more than all there is", () => {
    assert.deepEqual(valuesOf(usage({ cpuMs: 0 }), usage({ at: 100, cpuMs: 500 })), {
      cpu_utilization_percentage: 100,
    });
  });

  it("become rarer the longer a run takes, so that their number stays small", () => {
    const day = 86_400_000;
    const looks = (forMs: number): number => {
      let count = 0;
      for (let at = 0; at < forMs; at += nextLook(10_000, at)) count += 1;
      return count;
    };
    assert.equal(looks(3600_000), 360);
    assert.ok(looks(day) < 4000 && looks(7 * day) < 6000 && looks(365 * day) < 10_000);
  });
});
