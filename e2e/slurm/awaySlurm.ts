// A real Slurm whose nodes see nothing of the service's disk, and a real service whose targets are on it: what the tests beside this begin with.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  type Door,
  freePort,
  hideFromNodes,
  type SlurmUnderTest,
  withoutSlurm,
} from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
import { Service, until } from "../support/service.ts";

const given = process.env.MALACHITE_TEST_SLURM !== undefined;

/** Why such tests cannot run here; false when they can. */
export const withoutOwnSlurm = (): string | false =>
  withoutSlurm() ?? (given ? "the Slurm that was given is not changed" : false);

export type AwaySlurm = AsyncDisposable & {
  readonly slurm: SlurmUnderTest;
  readonly service: Service;
  /** The folders of runs that are on the nodes now. */
  folders(): readonly string[];
  /** Waits until the nodes have none any more. */
  cleared(): Promise<void>;
};

export type AwaySlurmOptions = {
  /** Options that all targets have. */
  readonly all: object;
  /** Options of each target by its name. `lab` is there in any case, and `lab-rest` where Slurm has its REST service. */
  readonly targets?: Readonly<Record<string, object>>;
  readonly flags?: readonly string[];
};

/** `start`: starts the Slurm, which belongs to what is given back from then on. Ask `withoutOwnSlurm` first. */
export async function startAwaySlurm(
  start: () => Promise<SlurmUnderTest>,
  { all, targets = {}, flags = [] }: AwaySlurmOptions,
): Promise<AwaySlurm> {
  const home = new Home();
  const far = join(home.folder, "far");
  await using begun = new AsyncDisposableStack();
  begun.use(home);
  const slurm = begun.use(await start());
  const door: Door | undefined = await slurm.openRest?.();
  begun.defer(async () => door?.shut());
  const away = { kind: "slurm", shared: false, folder: far, ...all };
  const withConf = { ...away, conf: slurm.conf };
  const target: Record<string, object> = { lab: withConf };
  for (const [name, more] of Object.entries(targets)) target[name] = { ...withConf, ...more };
  if (door !== undefined) {
    const tokenFile = join(home.folder, "token");
    writeFileSync(tokenFile, await slurm.run("scontrol", "token", "lifespan=3600"));
    const rest = { rest: `http://127.0.0.1:${door.port}`, restUser: "root", restTokenFile: tokenFile };
    target["lab-rest"] = { ...away, ...rest };
  }
  const settings = join(home.folder, "settings.yaml");
  writeFileSync(settings, JSON.stringify({ target }));
  const port = String(await freePort());
  const reached = ["--port", port, "--public-url", `http://${hostname()}:${port}`];
  const asked = ["--settings", settings, "--grace-seconds", "5", ...reached, ...flags];
  const service = begun.use(await Service.start({ flags: asked }));
  await hideFromNodes(slurm, service.data);
  const runs = join(far, "runs", hostname());
  const folders = () => (existsSync(runs) ? readdirSync(runs) : []);
  const held = begun.move();
  return {
    ...{ slurm, service, folders },
    cleared: async () => {
      await until("the folders of the nodes to be cleared", () => folders().length === 0);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
