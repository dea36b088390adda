// The life of a launch on any engine: accepted once, seen, found again, stopped, freed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError, type LaunchKey } from "@malachite/core";
import { type Bench, collect, LOG, readAll } from "./computeDriver.ts";

/** `restart` exchanges the driver of the bench for one that remembers nothing. */
export function driverLife(bench: Bench, restart: () => Promise<void>): void {
  const { payloads, signal } = bench;

  describe("ends", () => {
    for (const code of [0, 1, 137]) {
      it(`tells exit code ${code}`, async () => {
        const end = await bench.ended(await bench.launch("exit", payloads.exit(code)));
        assert.equal(end.code, code);
        assert.equal(end.signal, undefined);
        assert.equal(end.failure, undefined);
        if (end.startedAt !== undefined && end.endedAt !== undefined) assert.ok(end.startedAt <= end.endedAt);
      });
    }

    for (const name of ["SIGKILL", "SIGTERM"] as const) {
      it(`tells ${name} from an exit code`, async () => {
        const end = await bench.ended(await bench.launch("signal", payloads.die(name)));
        assert.deepEqual({ code: end.code, signal: end.signal }, { code: null, signal: name });
      });
    }

    it("shows a run that goes on as running, and its end for as long as it is not released", async () => {
      const handle = await bench.launch("running", payloads.forever);
      await bench.until("running", async () => (await bench.sight(handle)).at === "running");
      await bench.driver.stop(handle, 1000, signal);
      const end = await bench.ended(handle);
      assert.deepEqual(await bench.sight(handle), end);
    });

    it("sees many launches in one question", async () => {
      const count = bench.options.many ?? 200;
      const handles = await Promise.all(
        Array.from({ length: count }, (_, index) => bench.launch("many", payloads.exit(index % 2))),
      );
      const seen = await bench.until("all to end", async () => {
        const sightings = await bench.driver.observe(handles, signal);
        return [...sightings.values()].every(({ at }) => at === "ended") && sightings;
      });
      assert.equal(seen.size, count);
      for (const [index, { key }] of handles.entries()) {
        const sighting = seen.get(key);
        assert.equal(sighting?.at === "ended" && sighting.code, index % 2);
      }
      await Promise.all(handles.map((handle) => bench.driver.release(handle, signal)));
    });

    it("answers an empty question", async () => {
      assert.equal((await bench.driver.observe([], signal)).size, 0);
    });
  });

  describe("launch", () => {
    it("makes one job of one key, however often and at once it is asked", async () => {
      const launch = bench.launchOf("once", payloads.print("one start"));
      const first = await Promise.all(Array.from({ length: 5 }, () => bench.driver.launch(launch, signal)));
      const again = await bench.driver.launch(launch, signal);
      for (const handle of [...first, again]) assert.equal((await bench.ended(handle)).code, 0);
      const late = await bench.driver.launch(launch, signal);
      assert.equal((await bench.ended(late)).code, 0);
      assert.equal((await bench.log(late)).toString(), "one start\n");
    });

    it("leaves nothing behind when it is called off before it begins", async () => {
      const launch = bench.launchOf("aborted", payloads.print("never"));
      await assert.rejects(
        bench.driver.launch(launch, AbortSignal.abort(new Error("called off"))),
        /called off/,
      );
      assert.equal(await bench.driver.find(launch.plan.target, launch.plan.key, signal), undefined);
    });

    it("refuses options it does not know, by name, and says so when asked", async () => {
      const target = { ...bench.subject.target, options: { frobnicate: 1 } };
      const health = await bench.driver.check(target, signal);
      assert.equal(health.usable, false);
      assert.match(health.usable ? "" : health.reason, /frobnicate/);
      await assert.rejects(bench.launch("options", payloads.exit(0), { target }), /frobnicate/);
      assert.equal((await bench.driver.check(bench.subject.target, signal)).usable, true);
    });
  });

  describe("find", () => {
    it("knows no launch that was never made", async () => {
      assert.equal(
        await bench.driver.find(bench.subject.target, "never-1-0" as LaunchKey, signal),
        undefined,
      );
    });

    it("gives back a launch whose handle was lost with the service, and it is the same job", async () => {
      const { plan, secrets } = bench.launchOf("lost", payloads.forever);
      await bench.driver.launch({ plan, secrets }, signal);
      await restart();
      const found = await bench.driver.find(plan.target, plan.key, signal);
      assert.ok(found);
      await bench.until("running", async () => (await bench.sight(found)).at === "running");
      const again = await bench.driver.launch({ plan, secrets }, signal);
      await bench.driver.stop(again, 1000, signal);
      const ends = await bench.driver.observe([found, again], signal);
      assert.equal(ends.get(plan.key)?.at, "ended");
    });

    it("gives back a launch that has ended meanwhile, with its end and its log", async () => {
      const { plan, secrets } = bench.launchOf("missed", payloads.print("while you were away"));
      await bench.ended(await bench.driver.launch({ plan, secrets }, signal));
      await restart();
      const found = await bench.driver.find(plan.target, plan.key, signal);
      assert.ok(found);
      assert.equal((await bench.ended(found)).code, 0);
      assert.equal((await bench.log(found)).toString(), "while you were away\n");
    });
  });

  describe("stop", () => {
    it("ends a run, twice does no harm, and an end stays what it was", async () => {
      const handle = await bench.launch("stop", payloads.forever);
      await bench.until("running", async () => (await bench.sight(handle)).at === "running");
      await bench.driver.stop(handle, 2000, signal);
      const end = await bench.ended(handle);
      assert.equal(end.signal, "SIGTERM");
      await bench.driver.stop(handle, 2000, signal);
      await bench.driver.stop(handle, 0, signal);
      assert.deepEqual(await bench.sight(handle), end);
    });

    it("forces what does not listen, when the grace is over", async () => {
      const handle = await bench.launch("stubborn", payloads.stubborn);
      await bench.logWith(handle, "ready");
      await bench.driver.stop(handle, 100, signal);
      assert.equal((await bench.ended(handle)).signal, "SIGKILL");
    });

    it("forces at once without a grace", async () => {
      const handle = await bench.launch("force", payloads.forever);
      await bench.until("running", async () => (await bench.sight(handle)).at === "running");
      await bench.driver.stop(handle, 0, signal);
      assert.equal((await bench.ended(handle)).signal, "SIGKILL");
    });

    it("takes one that was stopped right after its launch, or at once by two", async () => {
      const handle = await bench.launch("early", payloads.forever);
      await Promise.all([bench.driver.stop(handle, 1000, signal), bench.driver.stop(handle, 1000, signal)]);
      const seen = await bench.sight(handle);
      assert.notEqual(seen.at, "running");
      assert.notEqual(seen.at, "waiting");
    });

    it("takes what has ended and what is gone as success", async () => {
      const handle = await bench.launch("ended", payloads.exit(3));
      await bench.ended(handle);
      await bench.driver.stop(handle, 1000, signal);
      assert.equal((await bench.ended(handle)).code, 3);
      await bench.driver.release(handle, signal);
      await bench.driver.stop(handle, 1000, signal);
    });
  });

  describe("what lies here of a launch that no record names", () => {
    it("is told of, stays as long as it runs, and is freed when it has ended, by a driver that remembers nothing", async (t) => {
      const placeOf = () => bench.driver.place ?? bench.driver.placeAt?.(bench.subject.target);
      if (placeOf() === undefined) return t.skip("nothing of its launches lies on this machine");
      if (bench.options.filesComeHome) return t.skip("its home is the courier's to tell of");
      const handle = await bench.launch("unknown", payloads.forever);
      await bench.until("running", async () => (await bench.sight(handle)).at === "running");
      // A run can write over what lies beside its project: no engine and no processes are reached by that.
      const lie = { version: 1, socket: "/nowhere.sock", group: ["/nowhere"], job: "x", cluster: {} };
      await bench.subject.write?.(handle.key, "../launch.json", JSON.stringify(lie));
      await restart();
      const place = placeOf();
      assert.ok(place);
      const later = Date.now() + 3600_000;
      assert.ok((await place.keys(later)).includes(handle.key));
      assert.ok(
        !(await place.keys(later - 7200_000)).includes(handle.key),
        "what is new is nobody's to free",
      );
      assert.equal(await place.free(handle.key, later, signal), false);
      assert.equal((await bench.sight(handle)).at, "running");
      const found = await bench.driver.find(bench.subject.target, handle.key, signal);
      await bench.driver.stop(found ?? handle, 0, signal);
      await bench.ended(handle);
      assert.equal(await place.free(handle.key, later, signal), true);
      assert.equal(await place.free(handle.key, later, signal), true, "gone already");
      assert.ok(!(await place.keys(later)).includes(handle.key));
      assert.equal(await bench.driver.find(bench.subject.target, handle.key, signal), undefined);
    });
  });

  describe("release", () => {
    it("frees an ended launch, may be repeated, also at once, and nothing is found afterwards", async () => {
      const handle = await bench.launch("free", payloads.exit(0));
      await bench.ended(handle);
      await Promise.all([bench.driver.release(handle, signal), bench.driver.release(handle, signal)]);
      await bench.driver.release(handle, signal);
      assert.equal(await bench.driver.find(bench.subject.target, handle.key, signal), undefined);
    });

    it("ends what still runs", async () => {
      const handle = await bench.launch("busy", payloads.forever);
      await bench.driver.release(handle, signal);
      assert.equal(await bench.driver.find(bench.subject.target, handle.key, signal), undefined);
      assert.equal((await bench.sight(handle)).at, "gone");
    });
  });

  describe("log and hints", () => {
    it("is read whole and from an offset, and tells its size", async () => {
      const handle = await bench.launch("log", payloads.print("0123456789"));
      await bench.ended(handle);
      const folder = bench.driver.folder(handle);
      assert.equal(await folder.size(LOG), 11);
      assert.equal((await readAll(folder, LOG, 4)).toString(), "456789\n");
      assert.equal((await readAll(folder, LOG, 11)).length, 0);
      assert.equal((await readAll(folder, LOG, 99)).length, 0);
    });

    it("says that a missing file is missing", async () => {
      const handle = await bench.launch("missing", payloads.exit(0));
      const folder = bench.driver.folder(handle);
      assert.equal(await folder.size("project/none"), undefined);
      const isMissing = (error: unknown) => isMalachiteError(error) && error.code === "ArtifactNotFound";
      await assert.rejects(readAll(folder, "project/none"), isMissing);
      const listed = await collect(folder.list("project/none"));
      assert.deepEqual(listed, []);
    });

    it("ends the streams of hints and changes with their signal", async () => {
      const handle = await bench.launch("streams", payloads.exit(0));
      const end = new AbortController();
      const hints = collect(bench.driver.hints(end.signal));
      const changes = collect(bench.driver.folder(handle).changes(LOG, end.signal));
      end.abort();
      await Promise.all([hints, changes]);
    });
  });

  it("never takes an engine that does not answer for a launch that is gone", async (test) => {
    const { withoutEngine } = bench.subject;
    if (withoutEngine === undefined) return test.skip("this engine cannot be made unreachable in a test");
    const handle = await bench.launch("silent", payloads.exit(5));
    await bench.ended(handle);
    await bench.driver.stop(handle, 0, signal);
    await withoutEngine(async () => {
      const isUnavailable = (error: unknown) => isMalachiteError(error) && error.code === "EngineUnavailable";
      await assert.rejects(bench.driver.observe([handle], signal), isUnavailable);
    });
    assert.equal((await bench.ended(handle)).code, 5);
  });
}
