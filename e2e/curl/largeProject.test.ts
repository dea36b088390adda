// A large project through curl: it arrives whole, and the server's memory does not grow with it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { curl, TOKEN } from "../support/curl.ts";
import { scratch } from "../support/project.ts";
import { ended, experiment, fileOf, python3, reached } from "../support/runs.ts";
import { Service } from "../support/service.ts";

const MIB = 1024 * 1024;
const SMALL = 100 * MIB;
const LARGE = 400 * MIB;
/** Garbage that is collected sooner or later makes tens; a project that is held in memory would make all of the difference. */
const MAY_GROW = 150 * MIB;
const mib = (bytes: number): string => (bytes / MIB).toFixed(0);

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

/** The most memory a process has had so far, in bytes. */
const peak = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

it("takes a project of 400 MB in no more memory than one of 100 MB, give or take 150 MB", async (t) => {
  if (process.platform !== "linux") return t.skip("memory is read from /proc");
  await using service = await Service.start();
  using work = scratch();
  const pid = service.pid ?? 0;
  const definition = work.definition("definition.json");
  const url = (runId: string) =>
    `${service.url}/execution/v1.0${experiment("large")}/startrun?runId=${runId}`;
  const send = (runId: string, zip: string) =>
    curl(...TOKEN, "-F", `projectZipFile=@${zip}`, "-F", `runDefinitionFile=@${definition}`, url(runId));
  const project = (name: string, size: number): string => {
    const zip = join(work.folder, name);
    execFileSync(python3(), ["-c", MAKE, zip, String(size / MIB)]);
    return zip;
  };
  // A small one brings everything into memory that a submission needs, and as much garbage as is ever let lie.
  assert.equal((await send("small", project("small.zip", SMALL))).status, 200);
  await reached(service, "small", "Completed");
  const before = peak(pid);

  const zip = project("large.zip", LARGE);
  const startedAt = performance.now();
  const answer = await send("large", zip);
  const took = performance.now() - startedAt;
  assert.equal(answer.status, 200, answer.body.toString());
  const grown = peak(pid) - before;
  const told = `the peak of memory grew by ${mib(grown)} MB from ${mib(before)} MB`;
  t.diagnostic(`${mib(LARGE / (took / 1000))} MB/s, ${told}`);
  assert.ok(grown < MAY_GROW, told);

  assert.equal((await ended(service, "large")).status, "Completed");
  const sum = execFileSync(python3(), ["-c", HASH, zip]).toString();
  assert.equal((await fileOf(service, "large")).toString(), sum);
  assert.deepEqual(readdirSync(join(service.data, "incoming")), [], "no upload is left behind");
});
