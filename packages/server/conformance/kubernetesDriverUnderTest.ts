// The kubernetes driver on a cluster, as the suite of all drivers takes it.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ComputeDriver, Launch, TargetSettings } from "@malachite/core";
import type { AwayCourier } from "../src/adapters/compute/courier/index.ts";
import { createClusters } from "../src/adapters/compute/kubernetes/clusters.ts";
import { createKubernetesDriver } from "../src/adapters/compute/kubernetes/kubernetesDriver.ts";
import type { DriverUnderTest } from "./computeDriver.ts";

export type KubernetesUnderTest = {
  readonly server: string;
  /** What a kubeconfig says of the user and of whom to trust, besides the server. */
  readonly credentials?: object;
  readonly cluster?: object;
  /** A folder that this machine and the pods see, where the runs lie. */
  readonly folder: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly username: string };
  readonly image?: string;
  readonly options?: TargetSettings["options"];
  readonly now?: () => number;
};

const signal = new AbortController().signal;

export async function kubernetesDriverOn(given: KubernetesUnderTest): Promise<DriverUnderTest> {
  const { server, folder, user, image = "image", now = Date.now } = given;
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": "x" },
      clusters: [{ name: "x", cluster: { server, ...given.cluster } }],
      users: [{ name: "x", user: { ...given.credentials } }],
      contexts: [{ name: "x", context: { cluster: "x", user: "x" } }],
    }),
  );
  const own = { kubeconfig, volume: { hostPath: folder }, ...given.options };
  const target: TargetSettings = { name: "box", kind: "kubernetes", pool: "box", options: own };
  const make = () =>
    withImage(
      createKubernetesDriver({
        clusters: createClusters(),
        service: `c0f0${process.pid.toString(16).padStart(4, "0")}-conformance`,
        placer: { place: async () => {}, placeFiles: async () => {} },
        clock: { now, sleep: async () => {} },
        user: { uid: user.uid, gid: user.gid, name: user.username },
        // Its runs have a volume; those without one are tried with a whole service.
        courier: {} as AwayCourier,
        authority: "",
      }),
      image,
      own,
    );
  let made = make();
  return {
    driver: made,
    target,
    async restart() {
      await made[Symbol.asyncDispose]();
      made = make();
      return made;
    },
    write: (key, path, text) => writeFile(join(folder, "malachite-runs", key, "project", path), text),
    async [Symbol.asyncDispose]() {
      const keys = (await readdir(join(folder, "malachite-runs"))).filter((name) => /^[a-z]/.test(name));
      await Promise.all(
        keys.map(async (key) => {
          const handle = await made.find(target, key as never, signal);
          if (handle !== undefined) await made.release(handle, signal);
        }),
      );
      await made[Symbol.asyncDispose]();
    },
  };
}

/** The suite knows of no images: each of its launches gets one, and where the cluster is where it changes the options. */
function withImage<T extends ComputeDriver>(driver: T, reference: string, own: TargetSettings["options"]): T {
  const withOptions = (target: TargetSettings): TargetSettings => ({
    ...target,
    options: { ...own, ...target.options },
  });
  return {
    ...driver,
    check: (target, at) => driver.check(withOptions(target), at),
    find: (target, key, at) => driver.find(withOptions(target), key, at),
    launch: ({ plan, secrets }: Launch, at: AbortSignal) =>
      driver.launch(
        { plan: { ...plan, target: withOptions(plan.target), image: { reference, arguments: [] } }, secrets },
        at,
      ),
  };
}
