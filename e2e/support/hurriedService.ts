// A real service that looks after retention every moment, which it otherwise does once a day.
import { parseArgs } from "node:util";
import { serve } from "@malachite/server";

const { values } = parseArgs({
  options: { port: { type: "string" }, data: { type: "string" }, settings: { type: "string" } },
});

await serve({
  flags: { port: values.port, data: values.data, settings: values.settings },
  env: process.env,
  houseEveryMs: 500,
});
