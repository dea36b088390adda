import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Log } from "@malachite/core";
import { readSettings } from "../settings.ts";
import { type ChangingSettings, followSettings } from "./followSettings.ts";

const silent: Log = { info() {}, warn() {}, error() {} };

describe("a target that an operator adds", () => {
  let folder = "";
  let file = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "malachite-follow-"));
    file = join(folder, "malachite.yaml");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const follow = (flags: Readonly<Record<string, unknown>> = {}) => {
    const taken: ChangingSettings[] = [];
    const read = () => readSettings({ ...flags, settings: file }, {});
    return { taken, settings: followSettings(file, read, (now) => taken.push(now), silent) };
  };

  it("is in the file, and taken at once", () => {
    writeFileSync(file, "target:\n  lab: slurm\n");
    const { taken, settings } = follow();
    using _ = settings;
    assert.deepEqual(settings.add("night", { kind: "process", runsAtOnce: 1 }, { replace: false }), { file });
    assert.equal(
      readFileSync(file, "utf8"),
      "target:\n  lab: slurm\n  night: { kind: process, runsAtOnce: 1 }\n",
    );
    assert.deepEqual(Object.keys(taken.at(-1)?.target ?? {}), ["lab", "night"]);
  });

  it("is refused where the settings are not right already, and changes nothing", () => {
    const before = "target: { lab: slurm }\nrunAtOnce: 1\n";
    writeFileSync(file, before);
    const { taken, settings } = follow();
    using _ = settings;
    assert.throws(
      () => settings.add("night", { kind: "process" }, { replace: false }),
      /'runAtOnce' in .* is not a setting.* Did you mean 'runsAtOnce'\?/,
    );
    assert.equal(readFileSync(file, "utf8"), before);
    assert.equal(taken.length, 0);
  });

  it("is refused with the reason where the file cannot be written", () => {
    writeFileSync(file, "target: { lab: slurm }\n");
    // Where the new file is to be, something else is: that holds for root too.
    mkdirSync(`${file}.new`);
    const { settings } = follow();
    using _ = settings;
    assert.throws(
      () => settings.add("night", { kind: "process" }, { replace: false }),
      /cannot write its settings file .*EISDIR.*where that file comes from/,
    );
  });

  it("is told to be another where the command line names one like it", () => {
    writeFileSync(file, "");
    const { settings } = follow({ target: ["night=container"] });
    using _ = settings;
    assert.throws(
      () => settings.add("night", { kind: "process" }, { replace: false }),
      /the service has it otherwise: its command line/,
    );
  });

  it("is refused by a service that follows no file", () => {
    using settings = followSettings(file, undefined, () => {}, silent);
    assert.throws(
      () => settings.add("night", { kind: "process" }, { replace: false }),
      /follows no settings file/,
    );
  });
});
