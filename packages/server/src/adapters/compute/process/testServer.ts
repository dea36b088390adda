// A service reduced to its driver, in a process of its own, so that tests can kill it. For tests only.
// Reads lines of JSON from stdin, `{ launch }`, and answers each with the handle on stdout.
import { createInterface } from "node:readline";
import { inheritedEnvironment } from "../shared/runEnvironment.ts";
import { detectCgroups } from "./cgroups.ts";
import { createLauncher } from "./launcher.ts";
import { createProcessDriver } from "./processDriver.ts";

const [folder = ""] = process.argv.slice(2);
const launcher = createLauncher({
  entry: new URL("./launcherMain.js", import.meta.url),
  nodeArgs: ["--conditions=malachite-src"],
  mark: folder,
});
const driver = createProcessDriver({
  folder,
  launcher,
  placer: { place: async () => {}, placeFiles: async () => {} },
  clock: { now: Date.now, sleep: async () => {} },
  cgroups: detectCgroups(folder),
  inherited: inheritedEnvironment(process.env),
});
launcher.start();

for await (const line of createInterface({ input: process.stdin })) {
  const launch = JSON.parse(line);
  void driver.launch(launch, new AbortController().signal).then((handle) => {
    process.stdout.write(`${JSON.stringify({ handle, launcher: launcher.pid })}\n`);
  });
}
