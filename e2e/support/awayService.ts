// A real service with one more compute target, `far`: processes of this machine in folders of their own, which share nothing with the
// service but HTTP. What a driver of an engine without a shared file system does, in its shortest form.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type {
  ComputeDriver,
  FlowPorts,
  Handle,
  Launch,
  LaunchKey,
  LaunchPlan,
  RunFolder,
  Sighting,
} from "@malachite/core";
import { serve } from "@malachite/server";
import { killAll } from "./leftovers.ts";

const { values } = parseArgs({ options: { port: { type: "string" }, data: { type: "string" } } });
const FAR = process.env.FAR ?? "";
/** The service as the far machine reaches it: a proxy, where a test puts one in between. */
const through = (url: string): string => {
  const other = existsSync(join(FAR, "through")) ? readFileSync(join(FAR, "through"), "utf8").trim() : "";
  return other === "" ? url : url.replace(/^http:\/\/[^/]+/, other);
};

type NodeLogs = readonly (readonly string[])[];
/** The courier as drivers of the service have it, as far as this one uses it. */
type FarCourier = {
  pack(launch: Launch, signal: AbortSignal, apart?: "apart"): Promise<void>;
  has(key: LaunchKey): Promise<boolean>;
  homePath(key: LaunchKey): string;
  folder(key: LaunchKey, logs?: NodeLogs): RunFolder;
  nodeLogs(key: LaunchKey): Promise<NodeLogs | undefined>;
  lacking(key: LaunchKey): Promise<readonly number[]>;
  sight(key: LaunchKey): Promise<Sighting | undefined>;
  readonly hints: {
    follow(key: LaunchKey, folder: string): void;
    stream(signal: AbortSignal): AsyncIterable<LaunchKey>;
  };
  forget(key: LaunchKey): Promise<void>;
  program(): Promise<Uint8Array>;
};

/** Where the launch asks for its own. */
const launchUrl = ({ environment, key }: LaunchPlan): string =>
  `${environment.AZUREML_SERVICE_ENDPOINT}/malachite/v1.0${environment.AZUREML_WORKSPACE_SCOPE}/runs/${environment.AZUREML_RUN_ID}/launches/${key}`;

function createFarDriver(courier: FarCourier): ComputeDriver {
  const kind = "far";
  const folder = (key: LaunchKey, node = 0): string => join(FAR, "runs", node === 0 ? key : `${key}.${node}`);
  const note = (key: LaunchKey): string => join(FAR, `${key}.pid`);
  const handleOf = async (key: LaunchKey): Promise<Handle> => ({
    ...{ key, kind, version: 1 },
    state: JSON.stringify((await courier.nodeLogs(key)) ?? null),
  });
  /** Of the courier of each node. */
  const pidsOf = (key: LaunchKey): readonly number[] =>
    existsSync(note(key)) ? readFileSync(note(key), "utf8").split(" ").map(Number) : [];
  const isAlive = (pid: number | undefined): boolean => {
    try {
      return pid !== undefined && readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] !== "Z";
    } catch {
      // There is no such process.
      return false;
    }
  };
  const isAnyAlive = (key: LaunchKey): boolean => pidsOf(key).some(isAlive);
  return {
    kind,
    can: { multiNode: true, images: false, gpus: false },
    isAway: () => true,
    check: async () => ({ usable: true }),
    async launch({ plan, secrets }, signal) {
      const { key } = plan;
      // Each node is a machine of its own, where there are several.
      const nodes = plan.group === undefined || !existsSync(join(FAR, "apart")) ? 1 : plan.nodes;
      await courier.pack({ plan, secrets }, signal, nodes > 1 ? "apart" : undefined);
      courier.hints.follow(key, courier.homePath(key));
      if (!existsSync(note(key))) {
        mkdirSync(join(FAR, "runs"), { recursive: true });
        // Whole at once: another run may be just starting from it.
        const program = join(FAR, "courier.pyz");
        const whole = `${program}.${key}`;
        writeFileSync(whole, await courier.program());
        renameSync(whole, program);
        const pids = Array.from({ length: nodes }, (_, node) => {
          const args = [
            ...[
              program,
              "--folder",
              folder(key, node),
              "--service",
              through(launchUrl(plan)),
              "--grace",
              "2",
            ],
            ...(nodes === 1 ? [] : ["--node", String(node), "--address", "127.0.0.1"]),
          ];
          const child = spawn("python3", args, {
            detached: true,
            stdio: ["ignore", "ignore", openSync(join(FAR, `${key}.err`), "a")],
            cwd: "/",
            env: {
              PATH: process.env.PATH,
              HOME: FAR,
              MALACHITE_CACHE: join(FAR, "cache"),
              MALACHITE_SECRETS: JSON.stringify(secrets),
            },
          });
          child.unref();
          return child.pid;
        });
        writeFileSync(note(key), pids.join(" "));
      }
      return await handleOf(key);
    },
    async find(_target, key) {
      if (!(await courier.has(key)) || pidsOf(key).length === 0) return undefined;
      courier.hints.follow(key, courier.homePath(key));
      return await handleOf(key);
    },
    async observe(handles) {
      const seen = new Map<LaunchKey, Sighting>();
      for (const { key } of handles) {
        const pids = pidsOf(key);
        const alive = pids.some(isAlive);
        const lacking = (await courier.lacking(key)).some((node) => isAlive(pids[node]));
        const home = (await courier.sight(key)) ?? (alive ? { at: "waiting" } : { at: "gone" });
        seen.set(key, home.at === "ended" && lacking ? { at: "running" } : home);
        if (!alive && seen.get(key)?.at !== "ended") seen.set(key, { at: "gone" });
      }
      return seen;
    },
    async stop({ key }) {
      for (let tries = 0; isAnyAlive(key) && tries < 300; tries++) {
        if (tries === 0) killAll(pidsOf(key).filter(isAlive), "SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    folder: ({ key, state }) => courier.folder(key, (JSON.parse(state) as NodeLogs | null) ?? undefined),
    async release({ key }) {
      const pids = pidsOf(key);
      // It has sent all, and only ends.
      for (let tries = 0; isAnyAlive(key) && tries < 50; tries++)
        await new Promise((resolve) => setTimeout(resolve, 100));
      killAll(pids.filter(isAlive).map((pid) => -pid));
      await courier.forget(key);
      for (const node of pids.keys()) rmSync(folder(key, node), { recursive: true, force: true });
      rmSync(note(key), { force: true });
    },
    hints: (signal) => courier.hints.stream(signal),
  };
}

await serve({
  flags: { port: values.port, data: values.data, runsAtOnce: "8" },
  env: process.env,
  around: (ports: FlowPorts): FlowPorts => {
    const driver = createFarDriver(ports.courier as unknown as FarCourier);
    const { targets } = ports;
    const far = { name: "far", kind: "far", pool: "machine", options: {} };
    return {
      ...ports,
      targets: {
        ...targets,
        find: (name) => (name === "far" ? far : targets.find(name)),
        all: () => [...targets.all(), far],
        driver: (kind) => (kind === "far" ? driver : targets.driver(kind)),
        drivers: () => [...targets.drivers(), driver],
        isAway: (target) => target.kind === "far" || targets.isAway(target),
        abilities: (target, signal) =>
          targets.abilities(target.kind === "far" ? { ...target, kind: "process" } : target, signal),
      },
    };
  },
});
