// Packages for Spark, fetched by a spark-submit that does what the test wants: the real one is asked in e2e/groups/spark.test.ts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isMalachiteError, type PreparedEnvironment, type SparkJarsAsk } from "@malachite/core";
import { createSparkJars } from "./sparkJars.ts";
import { BuilderBench } from "./testing/builder.ts";

const never = new AbortController().signal;
const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).trim();
const environment: PreparedEnvironment = { id: `system:${python}`, python, variables: {} };

/** Notes how it was called, and puts a jar where Ivy would. */
const FETCHES = `echo "$*" >>"$ASKED"
while [ $# -gt 0 ]; do case $1 in spark.jars.ivy=*) ivy=\${1#*=};; esac; shift; done
mkdir -p $ivy/jars $ivy/cache && echo jar >$ivy/jars/g_b-2.jar && echo jar >$ivy/jars/g_a-1.jar
echo "fetched with $JAVA_HOME" >&2`;

class Bench extends BuilderBench {
  readonly asked = join(this.path, "asked");
  readonly spark = join(this.path, "spark");
  heard = "";
  readonly jars = createSparkJars({
    environments: this.builder().environments,
    env: { PATH: process.env.PATH },
    path: process.env.PATH ?? "",
  });
  readonly log = async (text: string): Promise<void> => {
    this.heard += text;
  };

  constructor(does: string = FETCHES) {
    super();
    this.program("spark/bin/spark-submit", does.replaceAll("$ASKED", this.asked));
    this.program("java/bin/java", "");
  }

  program(path: string, does: string): void {
    const file = join(this.path, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${does}\n`);
    chmodSync(file, 0o755);
  }

  askFor(more: Partial<SparkJarsAsk> = {}): SparkJarsAsk {
    return {
      packages: ["g:a:1"],
      repositories: [],
      properties: {},
      variables: { SPARK_HOME: this.spark, JAVA_HOME: join(this.path, "java") },
      ...more,
    };
  }

  timesAsked(): number {
    return existsSync(this.asked) ? readFileSync(this.asked, "utf8").trim().split("\n").length : 0;
  }
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isMalachiteError(error), String(error));
  return { code: error.code, message: error.message };
}

describe("packages for Spark", () => {
  it("are fetched once for all that ask for the same, and what was asked is heard by all", async () => {
    using bench = new Bench();
    const ask = bench.askFor({
      packages: ["g:a:1", "g:b:2"],
      repositories: ["https://me:secret-word@maven.example/r", "/srv/maven"],
      properties: { "spark.jars.excludes": "g:c" },
    });
    assert.equal(await bench.jars.has(ask, environment), false);
    const [first, second] = await Promise.all(
      [1, 2].map(() => bench.jars.prepare(ask, environment, bench.log, never)),
    );
    assert.deepEqual(first, second);
    assert.deepEqual(
      first?.files.map((file) => basename(file)),
      ["g_a-1.jar", "g_b-2.jar"],
    );
    assert.ok(first?.files.every((file) => existsSync(file)));
    assert.deepEqual(readdirSync(join(bench.folder, first?.id ?? "")).sort(), ["jars", "ready.json"]);
    assert.equal(bench.timesAsked(), 1);
    assert.match(
      readFileSync(bench.asked, "utf8"),
      /^--master local --repositories https:\/\/me:secret-word@maven\.example\/r,\/srv\/maven --packages g:a:1,g:b:2 --conf spark\.jars\.excludes=g:c --conf spark\.jars\.ivy=\S+ \S+\/nothing\.py$/m,
    );
    assert.match(bench.heard, /fetched: g:a:1, g:b:2\.\n.*fetched with \S+\/java\n.*there: 2 files/s);
    assert.ok(!bench.heard.includes("secret-word"));
    bench.heard = "";
    assert.equal(await bench.jars.has(ask, environment), true);
    await bench.jars.prepare(ask, environment, bench.log, never);
    assert.deepEqual([bench.timesAsked(), bench.heard], [1, ""]);
    for (const other of [{ packages: ["g:a:2"] }, { repositories: [] }, { properties: {} }])
      assert.equal(await bench.jars.has({ ...ask, ...other }, environment), false);
    assert.equal(await bench.jars.has(ask, { ...environment, id: "another" }), false);
  });

  it("fail with the tool's own last words, and are tried again", async () => {
    using bench = new Bench("echo ':: unresolved dependency: g#a;1: not found' >&2; exit 1");
    const { code, message } = await failureOf(
      bench.jars.prepare(bench.askFor(), environment, bench.log, never),
    );
    assert.equal(code, "EnvironmentFailed");
    assert.match(
      message,
      /^Fetching the packages for Spark failed:\n.*unresolved dependency: g#a;1: not found/s,
    );
    assert.deepEqual(readdirSync(bench.folder), []);
    bench.program("spark/bin/spark-submit", FETCHES.replaceAll("$ASKED", bench.asked));
    assert.equal((await bench.jars.prepare(bench.askFor(), environment, bench.log, never)).files.length, 2);
  });

  it("say what Spark lacks", async () => {
    using bench = new Bench();
    const fails = async (variables: Record<string, string>) =>
      (await failureOf(bench.jars.prepare(bench.askFor({ variables }), environment, bench.log, never)))
        .message;
    assert.match(await fails({ SPARK_HOME: bench.spark, JAVA_HOME: "/nowhere" }), /JAVA_HOME is \/nowhere/);
    assert.match(
      await fails({ PATH: "/nowhere", JAVA_HOME: join(bench.path, "java") }),
      /There is no spark-submit/,
    );
  });

  it("are called off with all that was started when nobody waits any more", async () => {
    using bench = new Bench("echo $$ >$ASKED; sleep 600 & wait");
    const stop = new AbortController();
    const waiting = bench.jars.prepare(bench.askFor(), environment, bench.log, stop.signal);
    while (!existsSync(bench.asked) || readFileSync(bench.asked, "utf8") === "") await pause(10);
    const pid = Number(readFileSync(bench.asked, "utf8"));
    stop.abort(new Error("no longer wanted"));
    await assert.rejects(waiting, /no longer wanted/);
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
    assert.deepEqual(readdirSync(bench.folder), []);
  });
});
