import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createMachineTools } from "./machineTools.ts";

describe("tools of this machine that a target names", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite tools-"));
  after(() => rmSync(folder, { recursive: true }));
  const { signal } = new AbortController();
  let now = 0;
  const path = "/usr/bin:/bin";
  const tools = createMachineTools({ path, env: { HOME: "/root", SECRET: "x" }, now: () => now });
  const put = (name: string, text: string, mode = 0o644): string => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
    return join(folder, name);
  };

  it("come to a PATH, to variables, and to what tells them from others", async () => {
    const counted = join(folder, "counted");
    const setup = put(
      "set up.sh",
      `echo x >>"${counted}"; echo said; export LOADED="a\nb" PATH="/opt/m:$PATH" HOME=/root; sleep 30 &\n`,
    );
    const asked = { setup, toolPath: ["/opt/uv"] };
    const [one, two] = await Promise.all([tools.of(asked, signal), tools.of(asked, signal)]);
    assert.deepEqual(one, two);
    assert.equal(one.path, "/opt/uv:/opt/m:/usr/bin:/bin");
    assert.deepEqual(one.variables, { LOADED: "a\nb" });
    now += 61_000;
    assert.equal((await tools.of(asked, signal)).mark, one.mark);
    put("set up.sh", "export LOADED=c\n");
    const changed = await tools.of(asked, signal);
    assert.deepEqual(changed.variables, { LOADED: "c" });
    assert.notEqual(changed.mark, one.mark);
  });

  it("say what is not there or does not work", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    assert.equal(await tools.faultOf(undefined, signal), undefined);
    assert.match(
      (await tools.faultOf({ toolPath: [empty] }, signal)) ?? "",
      /No uv, .+ is in .+empty, which toolPath/,
    );
    assert.match(
      (await tools.faultOf({ toolPath: ["/no/x"] }, signal)) ?? "",
      /folder \/no\/x, .+ is not there/,
    );
    put("uv", "#!/bin/sh\n", 0o755);
    assert.equal(await tools.faultOf({ toolPath: [empty, folder] }, signal), undefined);
    assert.match(
      (await tools.faultOf({ setup: "/no/x" }, signal)) ?? "",
      /file \/no\/x, which setup names, is not there/,
    );
    const setup = put("bad.sh", "echo one; echo no module cuda. >&2; exit 3\n");
    assert.equal(await tools.faultOf({ setup }, signal), `The setup file ${setup} failed: no module cuda.`);
    const silent = put("silent.sh", "exit 4\n");
    assert.equal(
      await tools.faultOf({ setup: silent }, signal),
      `The setup file ${silent} failed: it ended with 4.`,
    );
    const wait = put("wait", "");
    const slow = put("slow.sh", `while [ -e "${wait}" ]; do sleep 0.05; done\n`);
    const late = AbortSignal.timeout(50);
    assert.match((await tools.faultOf({ setup: slow }, late)) ?? "", /slow\.sh did not end in time/);
    rmSync(wait);
  });
});
