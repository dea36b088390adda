// What engines say of themselves, as their releases say it, and what is made of it. Pure but for the folders of the test.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { readFacts } from "./engineFacts.ts";

const docker = (Version: string) => ({ Version, Components: [{ Name: "Engine" }, { Name: "containerd" }] });
const podman = (Version: string) => ({ Version, Components: [{ Name: "Podman Engine" }] });

/** A folder as nvidia-ctk leaves it. */
function described(t: TestContext, text = "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n"): string[] {
  const folder = mkdtempSync(join(tmpdir(), "malachite-cdi-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "devices.yaml"), text);
  return [folder];
}

describe("what an engine is", () => {
  it("is read from its own words", async () => {
    const facts = await readFacts(
      {
        SecurityOptions: ["name=seccomp,profile=default", "name=rootless"],
        MemoryLimit: true,
        CpuCfsQuota: true,
      },
      docker("28.2.2"),
    );
    assert.deepEqual(
      [facts.name, facts.rootless, facts.remapped, facts.limits],
      ["Docker 28.2.2", true, false, true],
    );
    const other = await readFacts({ SecurityOptions: ["name=userns"], MemoryLimit: false }, podman("5.4.0"));
    assert.deepEqual(
      [other.name, other.rootless, other.remapped, other.limits],
      ["Podman 5.4.0", false, true, false],
    );
    const users = await readFacts(
      { Rootless: true, CgroupVersion: "1", SecurityOptions: [] },
      podman("4.3.1"),
    );
    assert.deepEqual([users.rootless, users.limits], [true, false]);
    assert.equal((await readFacts({ Rootless: true, CgroupVersion: "2" }, podman("5.4.0"))).limits, true);
    const silent = await readFacts({ SecurityOptions: null, Runtimes: null }, { Version: "x" });
    assert.deepEqual([silent.name, silent.rootless, silent.limits], ["Docker x", false, true]);
  });
});

describe("how an engine gives GPUs to containers", () => {
  it("is NVIDIA's runtime, where Docker has it", async () => {
    const facts = await readFacts({ Runtimes: { runc: {}, nvidia: {} } }, docker("20.10.24"));
    assert.deepEqual([facts.gpus, facts.gpusReason], ["nvidia", undefined]);
  });

  it("is a description of the GPUs, where the engine reads such", async (t) => {
    const folders = described(t);
    assert.equal((await readFacts({ CDISpecDirs: folders }, docker("28.2.2"))).gpus, "cdi");
    assert.equal((await readFacts({ CDISpecDirs: folders }, podman("5.4.0"))).gpus, "cdi");
    assert.equal((await readFacts({ CDISpecDirs: folders }, podman("6.0.0-dev"))).gpus, "cdi");
    const discovered = { CDISpecDirs: ["/nowhere"], DiscoveredDevices: [{ ID: "nvidia.com/gpu=0" }] };
    assert.equal((await readFacts(discovered, docker("28.3.0"))).gpus, "cdi");
  });

  it("is none, with the reason and what would help", async (t) => {
    const bare = await readFacts({ Runtimes: { runc: {} } }, docker("20.10.24"));
    assert.equal(bare.gpus, undefined);
    assert.match(bare.gpusReason ?? "", /^Docker 20\.10\.24 gives no GPUs to containers: .*nvidia-ctk/);
    const others = described(t, "kind: vendor.com/net\n");
    assert.match((await readFacts({ CDISpecDirs: others }, docker("28.2.2"))).gpusReason ?? "", /Docker 28/);
    assert.match(
      (await readFacts({ CDISpecDirs: others }, podman("5.4.0"))).gpusReason ?? "",
      /Podman 5\.4\.0.*CDI/,
    );
  });

  it("is none over the API of a Podman that forgets what it is asked for", async (t) => {
    const folders = described(t);
    for (const version of ["4.9.3", "5.3.2", "4.3.1"]) {
      const { gpus, gpusReason } = await readFacts(
        { CDISpecDirs: folders, Runtimes: { nvidia: {} } },
        podman(version),
      );
      assert.deepEqual([gpus, /releases from 5\.4 on do/.test(gpusReason ?? "")], [undefined, true], version);
    }
  });
});
