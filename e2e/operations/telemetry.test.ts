// What Prometheus and a collector of traces are told of real runs.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { reached, submit } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";
import { startCollector } from "./collector.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";

describe("what watches the service", { timeout: 600_000 }, () => {
  it("is told by /metrics of runs, requests, stores and engines, with no ids in labels", async () => {
    await using service = await Service.start({
      flags: ["--metrics-port", "0", "--log-level", "info", "--target", "*=process"],
    });
    const at = await until(
      "the address of the metrics",
      () => /"event":"metrics","at":"([^"]+)"/.exec(service.output)?.[1],
    );
    await submit(service, { files: { "main.py": "print(1)" }, runId: "counted" });
    await reached(service, "counted", "Completed");
    const refused = await service.call("GET", "/history/v1.0/nowhere/counted");
    assert.equal(refused.status, 404);
    const answer = await fetch(at);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=/);
    const text = await answer.text();
    for (const line of [
      /^malachite_ready 1$/m,
      /^malachite_runs_submitted_total\{target="local"\} 1$/m,
      /^malachite_runs_ended_total\{target="local",status="Completed",reason="ExitedZero"\} 1$/m,
      /^malachite_claims_total\{pool="machine"\} 1$/m,
      /^malachite_step_seconds_count\{step="prepare",outcome="done"\} 1$/m,
      /^malachite_step_seconds_count\{step="collect",outcome="done"\} 1$/m,
      /^malachite_engine_seconds_count\{kind="process",question="launch"\} 1$/m,
      /^malachite_store_seconds_count\{store="runs",call="create"\} 1$/m,
      /^malachite_run_wait_seconds_count\{target="local"\} 1$/m,
      /^malachite_queue_oldest_seconds\{pool="machine"\} 0$/m,
      /^malachite_http_requests_total\{method="POST",route="\/execution\/v1\.0[^"]*\{experimentName\}\/startrun",status="200"\} 1$/m,
      /^malachite_http_requests_total\{method="GET",route="\(none\)",status="404"\} 1$/m,
      /^malachite_data_volume_bytes\{of="free"\} \d+/m,
      /^malachite_files_kept_bytes_total [1-9]/m,
      /^nodejs_eventloop_lag_seconds /m,
    ])
      assert.match(text, line);
    assert.doesNotMatch(text, /counted/);
    const elsewhere = await fetch(new URL("/", at));
    assert.equal(elsewhere.status, 404);
  });

  it("is told one trace of a run, from the request on, also over kill -9", async () => {
    await using collector = await startCollector();
    const folder = mkdtempSync(join(tmpdir(), "malachite-trace-"));
    try {
      await using service = await Service.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
      const [told, go] = [join(folder, "told"), join(folder, "go")];
      const script = `import os,time\nopen(${JSON.stringify(told)},"w").write(os.environ.get("TRACEPARENT",""))\nwhile not os.path.exists(${JSON.stringify(go)}): time.sleep(0.05)\n`;
      await submit(service, {
        files: { "main.py": script },
        runId: "followed",
        headers: { traceparent: `00-${TRACE}-${CALLER}-01` },
      });
      await until("the script", () => existsSync(told) && readFileSync(told, "utf8") !== "");
      await until("what came before the kill", () => collector.spans.some(({ name }) => name === "launch"));
      await service.kill("SIGKILL");
      await service.start();
      writeFileSync(go, "");
      await reached(service, "followed", "Completed");
      const spanOf = (name: string) =>
        collector.spans.find((span) => span.name === name && span.traceId === TRACE);
      for (const name of ["run", "release"]) await until(`the span '${name}'`, () => spanOf(name));
      const [run, submitted] = [spanOf("run"), spanOf("submit")];
      const request = collector.spans.find(({ spanId }) => spanId === submitted?.parentSpanId);
      assert.match(request?.name ?? "", /^POST .*\/startrun$/);
      assert.equal(request?.parentSpanId, CALLER);
      assert.equal(run?.parentSpanId, submitted?.spanId);
      for (const name of ["claim", "prepare", "launch", "watch", "collect", "finish", "release"])
        assert.equal(spanOf(name)?.parentSpanId, run?.spanId, name);
      assert.equal(spanOf("process.launch")?.parentSpanId, spanOf("launch")?.spanId);
      assert.match(readFileSync(told, "utf8"), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
      assert.ok(BigInt(run?.endTimeUnixNano ?? 0) > BigInt(run?.startTimeUnixNano ?? 0));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("goes on without a collector that answers, and says so", async () => {
    await using service = await Service.start({ flags: ["--traces-endpoint", "http://127.0.0.1:9"] });
    await submit(service, { files: { "main.py": "print(1)" }, runId: "alone" });
    await reached(service, "alone", "Completed");
    await until("the word of it", () => /"event":"tracesNotSent".*127\.0\.0\.1:9/.test(service.output));
    await service.kill("SIGTERM");
  });
});
