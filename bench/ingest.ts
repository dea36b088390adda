// A project zip into the service against the same bytes from a plain socket into a file.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openAsBlob,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { cancel, definitionOf, experiment, zipOf } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { inTurn, median, print, timed } from "./figures.ts";

const FILES = 200;
const FILE_BYTES = 500_000;

/** Every round has other bytes: what the service already keeps would cost nothing. */
function zipFile(folder: string, round: number): string {
  const files = Object.fromEntries(
    Array.from({ length: FILES }, (_, i) => [`data/${i}.txt`, randomBytes(FILE_BYTES / 2).toString("hex")]),
  );
  const path = join(folder, `project-${round}.zip`);
  writeFileSync(path, zipOf({ "main.py": "print(1)\n", ...files }));
  return path;
}

export async function ingest(rounds = 3): Promise<void> {
  await using service = await Service.start({ flags: ["--runs-at-once", "1"] });
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  const sink = createServer(
    (socket) => void pipeline(socket, createWriteStream(join(folder, "copy"))).then(() => socket.destroy()),
  );
  try {
    sink.listen(0, "127.0.0.1");
    await once(sink, "listening");
    const zips = new Map<number, string>();
    const zip = (round: number) => {
      const made = zips.get(round) ?? zipFile(folder, round);
      zips.set(round, made);
      return made;
    };
    for (let round = -1; round < rounds; round++) zip(round);
    const unpackedMb = (FILES * FILE_BYTES) / 1e6;
    const byService = async (round: number) => {
      const form = new FormData();
      form.set(
        "runDefinitionFile",
        new Blob([JSON.stringify(definitionOf({}, { target: "local" }))]),
        "definition.json",
      );
      form.set("projectZipFile", await openAsBlob(zip(round)), "project.zip");
      let runId = "";
      const ms = await timed(async () => {
        const answer = await fetch(`${service.url}/execution/v1.0${experiment()}/startrun`, {
          method: "POST",
          body: form,
          headers: { authorization: "Bearer dev" },
        });
        runId = ((await answer.json()) as { runId: string }).runId;
      });
      await cancel(service, runId);
      return statSync(zip(round)).size / 1000 / ms;
    };
    const byHand = async (round: number) => {
      const ms = await timed(async () => {
        const socket = connect((sink.address() as AddressInfo).port, "127.0.0.1");
        await pipeline(createReadStream(zip(round)), socket);
        if (!socket.closed) await once(socket, "close");
      });
      return statSync(zip(round)).size / 1000 / ms;
    };
    const { a, b } = await inTurn(rounds, byService, byHand);
    print({
      figure: `project zip of ${FILES} files, ${unpackedMb} MB unpacked, taken in`,
      value: median(a),
      unit: "MB/s of zip",
      against: "socket to file",
      ratio: median(a) / median(b),
      plainMBs: median(b),
      rounds,
    });
  } finally {
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
