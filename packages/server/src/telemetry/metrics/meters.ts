// The meters of the service. Their names and labels are promised in docs/operations.md: what is told of one never changes.
// No label holds an id: how many series there are follows from the settings and the program, not from what runs do.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** From a lookup in memory to a build of half an hour. */
const SHORT = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const LONG = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000];

export type Meters = ReturnType<typeof createMeters>;

export function createMeters() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets = SHORT,
  ) => new Histogram({ name, help, labelNames: [...labelNames], buckets, registers });
  // CPU, memory, open files, garbage collection and the delay of the event loop, by the names that Node's programs have.
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    info: gauge("malachite_info", "1, with the version of the service.", ["version"]),
    ready: gauge("malachite_ready", "1 while the service takes work, as /readyz says it."),
    runs: gauge("malachite_runs", "Runs that have not ended, or whose target is still to be freed.", [
      "pool",
      "target",
      "status",
    ]),
    oldestWaiting: gauge("malachite_queue_oldest_seconds", "How long the oldest waiting run has waited.", [
      "pool",
    ]),
    places: gauge("malachite_pool_places", "How many runs of a pool may be at work at once.", ["pool"]),
    submitted: counter("malachite_runs_submitted_total", "Runs that were taken in.", ["target"]),
    ended: counter("malachite_runs_ended_total", "Runs that ended.", ["target", "status", "reason"]),
    retried: counter("malachite_runs_retried_total", "Attempts after the first.", ["target"]),
    claimed: counter("malachite_claims_total", "Runs that were taken from the line.", ["pool"]),
    decision: histogram(
      "malachite_claim_seconds",
      "How long it took to decide which runs of a pool start, and to write it.",
      ["pool"],
    ),
    waited: histogram(
      "malachite_run_wait_seconds",
      "From the submission of a run to the start of its script.",
      ["target"],
      LONG,
    ),
    ran: histogram(
      "malachite_run_seconds",
      "From the start of a script to its end.",
      ["target", "status"],
      LONG,
    ),
    step: histogram("malachite_step_seconds", "Steps of the way of a run.", ["step", "outcome"], LONG),
    engine: histogram("malachite_engine_seconds", "Questions to engines.", ["kind", "question"]),
    engineErrors: counter("malachite_engine_errors_total", "Questions to engines that failed.", [
      "kind",
      "question",
      "code",
    ]),
    store: histogram("malachite_store_seconds", "Calls of stores.", ["store", "call"]),
    storeErrors: counter("malachite_store_errors_total", "Calls of stores that failed, by the error code.", [
      "store",
      "call",
      "code",
    ]),
    requests: counter("malachite_http_requests_total", "Requests that were answered.", [
      "method",
      "route",
      "status",
    ]),
    requestSeconds: histogram(
      "malachite_http_request_seconds",
      "From the head of a request to the end of its answer; streams of events not among them.",
      ["method", "route"],
    ),
    sentBytes: counter("malachite_http_sent_bytes_total", "Bytes of answers.", ["route"]),
    open: gauge("malachite_http_requests_open", "Requests that are being answered."),
    removed: counter("malachite_retention_removed_total", "Runs that went, or lost their files, by policy.", [
      "what",
    ]),
    freed: counter("malachite_retention_freed_bytes_total", "Bytes of files that went by policy."),
    filesKept: counter("malachite_files_kept_bytes_total", "Bytes of files that stores have kept."),
    volume: gauge(
      "malachite_data_volume_bytes",
      "The volume of the data folder: its size, and what is free.",
      ["of"],
    ),
  };
}
