// What is left on the service's machine of launches that no record names goes; what a run at work has stays, however old it is.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ended, experiment, submit } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";

const TWO_DAYS_AGO = new Date(Date.now() - 2 * 24 * 3600_000);
const KEY = "unknown-1-0123456789abcdef0123";
const SCRIPT =
  'import os, time\nprint("ready", flush=True)\nwhile not os.path.exists("go"): time.sleep(0.05)\n';

describe("left-over launches", () => {
  it("go with malachite gc, in every folder that launches have; a run at work keeps its own", async () => {
    await using service = await Service.start();
    const runs = join(service.data, "runs");
    const id = await submit(service, { files: { "main.py": SCRIPT }, experimentName: "work" });
    const own = await until("the run's folder", async () =>
      (await readdir(runs)).find((name) => name[0] !== "."),
    );
    await until("the run to begin", () => existsSync(join(runs, own, "pids")));
    await service.kill();
    await service.start();

    // As a server leaves it that has lost its lease, or one that was killed before the backup that is restored now.
    const places = [
      join(runs, KEY),
      join(service.data, "away", "home", KEY),
      join(service.data, "away", "parcels", KEY),
      join(service.data, "data", KEY),
    ];
    await cp(join(runs, own), places[0] as string, {
      recursive: true,
      // Not what says that it is at work, nor a file whose writing has just begun (`.` and its name): that one is gone soon.
      filter: (path) => !/(claim|pids|held\/\.[^/]*)$/.test(path),
    });
    for (const place of places) {
      await mkdir(place, { recursive: true });
      await writeFile(join(place, "note"), "left");
    }
    const gc = () => service.call("POST", "/malachite/v1.0/service/gc", {});
    assert.equal((await gc()).status, 200);
    assert.ok(existsSync(places[0] as string), "what is new may be a launch that is just being made");
    for (const place of [...places, join(runs, own)])
      if (existsSync(place)) await utimes(place, TWO_DAYS_AGO, TWO_DAYS_AGO);
    assert.equal((await gc()).status, 200);
    for (const place of places) assert.ok(!existsSync(place), `${place} is left`);

    await writeFile(join(runs, own, "project", "go"), "");
    await ended(service, id);
    const run = await service.call("GET", `/history/v1.0${experiment("work")}/runs/${id}`);
    assert.equal(((await run.json()) as { status: string }).status, "Completed");
  });
});
