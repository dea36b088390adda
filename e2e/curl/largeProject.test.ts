// A large project through curl: it arrives whole, and the server's memory does not grow with it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { curl, TOKEN } from "../support/curl.ts";
import { workplace } from "../support/project.ts";
import { ended, experiment, fileOf, python3, reached } from "../support/runs.ts";
import { Service } from "../support/service.ts";

const MIB = 1024 * 1024;
const SIZE = 300 * MIB;
const MAY_GROW = 60 * MIB;

/** Writes the zip piece by piece: one big file of noise that does not compress, one of zeros, and a script. */
const MAKE = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_STORED) as z:
    z.writestr("main.py", "import hashlib\\nprint(hashlib.file_digest(open('noise.bin','rb'),'sha256').hexdigest())\\n")
    with z.open("noise.bin", "w", force_zip64=True) as f:
        for _ in range(int(sys.argv[2])): f.write(os.urandom(1 << 20))
    z.writestr("zeros.bin", bytes(1 << 20), zipfile.ZIP_DEFLATED)
`;
const HASH =
  "import sys,zipfile,hashlib\nprint(hashlib.file_digest(zipfile.ZipFile(sys.argv[1]).open('noise.bin'),'sha256').hexdigest())";

/** VmRSS or VmHWM of a process, in bytes. */
const memory = (pid: number, name: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

it("takes a project of 300 MB without growing by more than 60 MB", async (t) => {
  if (process.platform !== "linux") return t.skip("memory is read from /proc");
  await using service = await Service.start();
  using work = workplace();
  const pid = service.pid ?? 0;
  const definition = work.definition("definition.json");
  const url = (runId: string) => `${service.url}/execution/v1.0${experiment("large")}/startrun?runId=${runId}`;
  const send = (runId: string, zip: string) =>
    curl(...TOKEN, "-F", `projectZipFile=@${zip}`, "-F", `runDefinitionFile=@${definition}`, url(runId));
  // A first one brings everything into memory that every submission needs.
  assert.equal((await send("small", work.zip("small.zip", { "main.py": "" }))).status, 200);
  await reached(service, "small", "Completed");

  const zip = join(work.folder, "large.zip");
  execFileSync(python3(), ["-c", MAKE, zip, String(SIZE / MIB)]);
  const before = memory(pid, "VmRSS");
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // From here on VmHWM is the peak since now.
  const startedAt = performance.now();
  const answer = await send("large", zip);
  const took = performance.now() - startedAt;
  assert.equal(answer.status, 200, answer.body.toString());
  const grown = memory(pid, "VmHWM") - before;
  t.diagnostic(`${(SIZE / MIB / (took / 1000)).toFixed(0)} MB/s, memory grew by ${(grown / MIB).toFixed(1)} MB`);
  assert.ok(grown < MAY_GROW, `memory grew by ${(grown / MIB).toFixed(1)} MB from ${before / MIB} MB`);

  assert.equal((await ended(service, "large")).status, "Completed");
  const sum = execFileSync(python3(), ["-c", HASH, zip]).toString();
  assert.equal((await fileOf(service, "large")).toString(), sum);
  assert.deepEqual(readdirSync(join(service.data, "incoming")), [], "no upload is left behind");
});
