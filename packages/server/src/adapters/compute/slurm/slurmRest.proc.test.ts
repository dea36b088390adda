// Speaking to a slurmrestd that is old, new, slow, broken or unwilling: a real HTTP server in the place of Slurm's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMalachiteError, type LaunchKey } from "@malachite/core";
import { createSlurmRest } from "./slurmRest.ts";
import type { SlurmCluster } from "./slurmTarget.ts";
import { SlurmRefused, type SlurmVoice } from "./slurmVoice.ts";
import { jobRequest } from "./submitArguments.ts";

const folder = mkdtempSync(join(tmpdir(), "malachite-fake-rest-"));
const tokenFile = join(folder, "token");
const script = join(folder, "slurm.sh");
writeFileSync(script, "#!/bin/sh\nexit 0\n");
const key = "k-1" as LaunchKey;
const options = { gpuType: "a100", memoryMiB: 64, timeLimitMinutes: 5, exclusive: true };
const submission = {
  job: jobRequest({ key, nodes: 2, gpusPerNode: 2 }, options, 0),
  script,
  scriptArguments: ["/f", "", "a 'b'\n$c"],
  env: { TOKEN: "x" },
};

type Asked = { readonly request: IncomingMessage; readonly body: string; readonly answer: ServerResponse };

/** `answer` gets what is asked for besides the description of the interface, which names these versions. */
async function fakeRest(versions: readonly number[], answer: (asked: Asked) => void) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    asked.push(`${request.method} ${request.url}`);
    const paths = Object.fromEntries(versions.map((one) => [`/slurm/v0.0.${one}/job/submit`, {}]));
    if (request.url === "/openapi/v3") response.end(JSON.stringify({ paths }));
    else answer({ request, body, answer: response });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    cluster: { rest: { url, user: "me", tokenFile } },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const json =
  (value: unknown, status = 200) =>
  ({ answer }: Asked) => {
    answer.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
const rest = (deadlineMs = 20_000) => createSlurmRest({ token: undefined, user: "nobody", deadlineMs });
const isUnavailable = (said: RegExp) => (error: unknown) =>
  isMalachiteError(error) && error.code === "EngineUnavailable" && said.test(error.message);
/** As Slurm 23.11 and 24.11 write it. */
const NO_WAY = "Unable find requested URL. Please view /openapi/v3 for API reference.";
const set = (number: number) => ({ set: true, infinite: false, number });

describe("slurmrestd", () => {
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(tokenFile, "SLURM_JWT=abc.def.ghi\n");

  it("is spoken to in the newest version that both know, with the words of that version", async () => {
    for (const [versions, spoken, expected] of [
      [
        [36, 37, 38],
        38,
        {
          memory_per_node: 64,
          time_limit: 5,
          gres: "gpu:a100:2",
          exclusive: "exclusive",
          environment: {
            ...{ TOKEN: "x", MALACHITE_ARGUMENTS: "3" },
            ...{ MALACHITE_ARGUMENT_0: "/f", MALACHITE_ARGUMENT_1: "", MALACHITE_ARGUMENT_2: "a 'b'\n$c" },
          },
        },
      ],
      [
        [38, 39],
        39,
        {
          memory_per_node: 64,
          time_limit: 5,
          tres_per_node: "gres:gpu:a100:2",
          shared: ["none"],
          environment: [
            ...["TOKEN=x", "MALACHITE_ARGUMENTS=3"],
            ...["MALACHITE_ARGUMENT_0=/f", "MALACHITE_ARGUMENT_1=", "MALACHITE_ARGUMENT_2=a 'b'\n$c"],
          ],
        },
      ],
      [[40, 41, 99], 41, { memory_per_node: set(64), time_limit: set(5), tres_per_node: "gres/gpu:a100:2" }],
    ] as const) {
      let sent: { job: Record<string, unknown>; script: string } | undefined;
      let headers: IncomingMessage["headers"] = {};
      await using fake = await fakeRest(versions, (asked) => {
        sent = JSON.parse(asked.body);
        headers = asked.request.headers;
        json({ job_id: 42, errors: [], warnings: [{ description: "slow" }] })(asked);
      });
      assert.equal(await rest().submit(fake.cluster, submission), "42");
      assert.equal(fake.asked[1], `POST /slurm/v0.0.${spoken}/job/submit`);
      assert.deepEqual({ ...sent?.job, ...expected }, sent?.job);
      assert.equal(sent?.job.name, key);
      assert.match(sent?.script ?? "", /^#!\/bin\/sh\n[^#]*\nexit 0\n$/);
      assert.equal(headers["x-slurm-user-name"], "me");
      assert.equal(headers["x-slurm-user-token"], "abc.def.ghi");
    }
    await using old = await fakeRest([36, 37], json({}));
    assert.match(
      (await rest().fault(old.cluster, {})) ?? "",
      /speaks v0\.0\.36, v0\.0\.37; one from v0\.0\.38/,
    );
  });

  it("is told by a check not to know the version that the target names, and what helps", async () => {
    await using fake = await fakeRest([38], ({ answer }) => answer.writeHead(404).end(NO_WAY));
    const named = { rest: { ...fake.cluster.rest, version: 40 } };
    assert.match(
      (await rest().fault(named, {})) ?? "",
      /does not know the version it was asked in, v0\.0\.40\. Leave the option restVersion out/,
    );
  });

  it("is asked anew for its versions when it was exchanged for another, whatever is asked of it first", async () => {
    const job = { id: "7", name: key, state: "RUNNING", reason: "" };
    for (const first of [
      (voice: SlurmVoice, cluster: SlurmCluster) => voice.jobs(cluster, [key]),
      (voice: SlurmVoice, cluster: SlurmCluster) => voice.submit(cluster, submission),
      (voice: SlurmVoice, cluster: SlurmCluster) => voice.kill(cluster, [job]),
    ]) {
      let isNew = false;
      const versions = [38];
      await using fake = await fakeRest(versions, (asked) => {
        if (!isNew || asked.request.url?.includes("v0.0.40"))
          json({ jobs: [], job_id: 7, errors: [] })(asked);
        else asked.answer.writeHead(404).end(NO_WAY);
      });
      const voice = rest();
      await first(voice, fake.cluster);
      isNew = true;
      versions.splice(0, 1, 40);
      await assert.rejects(first(voice, fake.cluster), isUnavailable(/does not know the version/));
      await first(voice, fake.cluster);
    }
  });

  it("lists all jobs of the cluster, of which ours are taken, in all ways in which versions write them", async () => {
    const one = { job_id: 7, name: key, user_name: "me", state_reason: "Resources" };
    await using fake = await fakeRest([38], (asked) => {
      const others = Array.from({ length: 20_000 }, (_, i) => ({
        ...one,
        job_id: i + 10,
        name: `other-"[{${i}`,
      }));
      json({
        meta: { list: [{ name: "no job" }], text: '}]"\\' },
        errors: [],
        jobs: [
          { ...one, job_state: "PENDING", start_time: 1_767_323_045 },
          ...others,
          { ...one, job_id: 8, job_state: ["RUNNING", "COMPLETING"], start_time: set(0) },
          { ...one, job_id: 9, job_state: "RUNNING", user_name: "somebody" },
          { ...one, job_id: 10, job_state: "FAILED", node_count: 2, preempt_time: 1_767_323_045 },
          { ...one, job_id: 11, job_state: ["FAILED"], node_count: set(2), preempt_time: set(1_767_323_045) },
          { ...one, job_id: 12, job_state: ["FAILED"], node_count: set(1), preempt_time: set(0) },
        ],
      })(asked);
    });
    assert.deepEqual(await rest().jobs(fake.cluster, [key, "k-2"]), [
      { id: "7", name: key, state: "PENDING", reason: "Resources", start: "2026-01-02T03:04:05" },
      { id: "8", name: key, state: "COMPLETING", reason: "Resources" },
      { id: "10", name: key, state: "FAILED", reason: "Resources", isWide: true, makesRoom: true },
      { id: "11", name: key, state: "FAILED", reason: "Resources", isWide: true, makesRoom: true },
      { id: "12", name: key, state: "FAILED", reason: "Resources" },
    ]);
  });

  it("that hangs, breaks off or fails is never taken for one without jobs", async () => {
    await using silent = await fakeRest([40], () => {});
    await assert.rejects(
      rest(300).jobs(silent.cluster, [key]),
      isUnavailable(/did not answer within 0\.3 s/),
    );
    for (const [answer, said] of [
      [({ answer }: Asked) => answer.destroy(), /cannot be asked/],
      [
        ({ answer }: Asked) => {
          answer.writeHead(200, { "content-length": "100" }).write('{"jobs": [{"name": "a"}');
          setTimeout(() => answer.destroy(), 20);
        },
        /cannot be asked/,
      ],
      [({ answer }: Asked) => answer.end('{"jobs": ['), /no list of jobs: the answer ends before its end/],
      [json({ message: "welcome" }), /could not list jobs/],
      [({ answer }: Asked) => answer.writeHead(502).end("<html>"), /no list of jobs/],
      [
        json(
          {
            errors: [{ description: "Unable to query jobs", error: "Unable to contact slurm controller" }],
            jobs: [],
          },
          500,
        ),
        /could not list jobs: Unable to query jobs: Unable to contact slurm controller \(status 500\)/,
      ],
    ] as const) {
      await using fake = await fakeRest([40], answer as (asked: Asked) => void);
      await assert.rejects(rest().jobs(fake.cluster, [key]), isUnavailable(said));
    }
    const nowhere = { rest: { url: "http://127.0.0.1:1", tokenFile } };
    await assert.rejects(rest().jobs(nowhere, [key]), isUnavailable(/ECONNREFUSED/));
  });

  it("may have taken a job of which it says nothing, and says no in Slurm's words", async () => {
    for (const [answer, said] of [
      [({ answer }: Asked) => answer.destroy(), /cannot be asked/],
      [
        json({ errors: [{ error: "Unspecified error", error_number: -1 }] }, 500),
        /could not take a job: .* Older versions say so of a token/,
      ],
      [
        json({ errors: [{ error: "Socket timed out on send/recv operation", error_code: 5004 }] }, 500),
        /Socket timed out/,
      ],
    ] as const) {
      await using fake = await fakeRest([38], answer as (asked: Asked) => void);
      await assert.rejects(rest().submit(fake.cluster, submission), isUnavailable(said));
    }
    await using fake = await fakeRest(
      [38],
      json({ errors: [{ error_code: 2000, error: "Invalid partition name specified" }] }, 500),
    );
    await assert.rejects(
      rest().submit(fake.cluster, submission),
      (error) => error instanceof SlurmRefused && error.message === "Invalid partition name specified",
    );
  });

  it("tells what is wrong with a token, reads it anew each time and never shows it", async () => {
    const claims = (exp: number) => Buffer.from(JSON.stringify({ exp })).toString("base64url");
    await using fake = await fakeRest([38], (asked) => {
      if (asked.request.headers["x-slurm-user-token"] === "fresh.token.x")
        json({ jobs: [], errors: [] })(asked);
      else asked.answer.writeHead(401).end("Authentication failure");
    });
    const voice = rest();
    const expired = `secret.${claims(1_000_000_000)}.secret`;
    writeFileSync(tokenFile, expired);
    const error = await voice.jobs(fake.cluster, [key]).catch((one: Error) => one);
    assert.match(
      String(error),
      /does not let the user 'me' in: the token in the file .* has expired at 2001-09-09/,
    );
    assert.ok(!String(error).includes("secret"));
    writeFileSync(tokenFile, "");
    await assert.rejects(voice.jobs(fake.cluster, [key]), isUnavailable(/holds no token/));
    rmSync(tokenFile);
    await assert.rejects(voice.jobs(fake.cluster, [key]), isUnavailable(/cannot be read from .*: ENOENT/));
    writeFileSync(tokenFile, "fresh.token.x");
    assert.deepEqual(await voice.jobs(fake.cluster, [key]), []);
    const { url } = fake.cluster.rest;
    await assert.rejects(
      voice.jobs({ rest: { url } }, [key]),
      isUnavailable(/there is no token. Give the target/),
    );
  });

  it("says by a check of a token that has expired that it has, though Slurm 22.05 says nothing of that", async () => {
    const answer = { errors: [{ error: "Unspecified error", errno: -1 }], partitions: [] };
    await using fake = await fakeRest([38], json(answer, 500));
    const claims = Buffer.from(JSON.stringify({ exp: 1_000_000_000 })).toString("base64url");
    writeFileSync(tokenFile, `x.${claims}.x`);
    const said =
      /Unspecified error .* a token that is not valid any more: the token in the file .* has expired at 2001-09-09/;
    assert.match((await rest().fault(fake.cluster, {})) ?? "", said);
    writeFileSync(tokenFile, "abc.def.ghi");
    assert.match((await rest().fault(fake.cluster, {})) ?? "", / a token that is not valid any more\.$/);
  });

  it("says of a token that the controller refuses what is wrong with it, as Slurm 24.11 does by 511", async () => {
    await using fake = await fakeRest(
      [42],
      json(
        {
          errors: [
            {
              description: "Unable to query jobs",
              error_number: 1007,
              error: "Protocol authentication error",
              source: "slurm_load_jobs()",
            },
          ],
        },
        511,
      ),
    );
    const denied = isUnavailable(/does not let the user 'me' in with the token in the file/);
    await assert.rejects(rest().jobs(fake.cluster, [key]), denied);
    await assert.rejects(rest().submit(fake.cluster, submission), denied);
  });

  it("is told by a check which partition is not there or down, and needs no more than a socket", async () => {
    const path = join(folder, "s");
    const partitions = [
      { name: "main", state: "UP" },
      { name: "new", partition: { state: ["DRAIN"] } },
    ];
    const server = createServer((request, response) => {
      const paths = { "/slurm/v0.0.40/job/submit": {} };
      response.end(JSON.stringify(request.url === "/openapi/v3" ? { paths } : { partitions, errors: [] }));
    }).listen(path);
    await once(server, "listening");
    const cluster = { rest: { url: `unix:${path}` } };
    try {
      assert.equal(await rest().fault(cluster, { partition: "main" }), undefined);
      assert.equal(await rest().fault(cluster, { partition: "none" }), "Slurm has no partition 'none'.");
      assert.equal(
        await rest().fault(cluster, { partition: "new" }),
        "The partition new is drain: it starts no jobs.",
      );
    } finally {
      server.close();
    }
    assert.match(
      (await rest().fault(cluster, { partition: "main" })) ?? "",
      /slurmrestd at unix:.* cannot be asked: ENOENT/,
    );
  });

  it("signals jobs that have ended meanwhile without a failure, and withdraws none that have begun", async () => {
    const job = { id: "7", name: key, state: "PENDING", reason: "" };
    await using fake = await fakeRest([38], (asked) => {
      if (asked.request.method === "GET")
        json({ jobs: [{ job_id: 7, name: key, user_name: "me", job_state: "RUNNING" }], errors: [] })(asked);
      else json({ errors: [{ error_number: 2017, error: "Invalid job id specified" }] }, 500)(asked);
    });
    await rest().tell(fake.cluster, [job], "ask");
    await rest().kill(fake.cluster, [job]);
    const before = fake.asked.length;
    await rest().withdraw(fake.cluster, [job]);
    assert.ok(fake.asked.slice(before).every((one) => !one.startsWith("DELETE")));
    assert.ok(fake.asked.includes("DELETE /slurm/v0.0.38/job/7?signal=23"));
  });
});
