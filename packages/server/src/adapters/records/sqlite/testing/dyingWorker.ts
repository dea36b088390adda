// A database worker that dies when it is asked to let go of the lease "die", in the middle of whatever else it was asked.
import { parentPort } from "node:worker_threads";
import type { Ask } from "../../shared/workers/messages.ts";

parentPort?.on("message", (ask: Ask) => {
  if ("name" in ask && ask.name === "letGo" && ask.args.includes("die")) process.exit(7);
});
await import("../worker.ts");
