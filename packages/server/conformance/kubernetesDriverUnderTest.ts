// The kubernetes driver on a cluster, as the suite of all drivers takes it.
import { realpathSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
import type { AwayCourier } from "../src/adapters/compute/courier/index.ts";
import { createClusters } from "../src/adapters/compute/kubernetes/clusters.ts";
import { createKubernetesDriver } from "../src/adapters/compute/kubernetes/kubernetesDriver.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import type { DriverUnderTest } from "./computeDriver.ts";
import { type DriverSubject, driverUnderTest, EMPTY_PLACER, marksOf } from "./driverUnderTest.ts";
import { type ScriptedCluster, startScriptedCluster } from "./scriptedCluster.ts";

export type KubernetesUnderTest = Pick<DriverSubject, "away" | "end"> & {
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
  /** For targets without a volume. */
  readonly courier?: AwayCourier;
  /** Of a service that pods reach, unless told. */
  readonly serviceUrl?: () => string;
};

export async function kubernetesDriverOn(given: KubernetesUnderTest): Promise<DriverUnderTest> {
  const { server, folder, user, image = "image", now = Date.now, away, end } = given;
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
  const options = { kubeconfig, volume: { hostPath: folder }, ...given.options };
  const target: TargetSettings = { name: "box", kind: "kubernetes", pool: "box", options };
  return driverUnderTest({
    target,
    image,
    runs: join(folder, "malachite-runs"),
    make: (placer = EMPTY_PLACER) =>
      createKubernetesDriver({
        clusters: createClusters(process.env),
        service: `c0f0${process.pid.toString(16).padStart(4, "0")}-conformance`,
        placer,
        marks: marksOf("conformance", now),
        clock: { ...systemClock, now },
        user: { uid: user.uid, gid: user.gid, name: user.username },
        courier: given.courier ?? ({} as AwayCourier),
        authority: "",
        serviceUrl: given.serviceUrl ?? (() => "http://192.0.2.1:8000"),
      }),
    away,
    end,
  });
}

/** On an API server of its own that does what a test says. Both end with the driver. */
export async function kubernetesDriverOnScript(
  more: Pick<KubernetesUnderTest, "options" | "now"> = {},
): Promise<{ readonly cluster: ScriptedCluster; readonly folder: string; readonly under: DriverUnderTest }> {
  const cluster = await startScriptedCluster();
  const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-kubernetes-script-"));
  const under = await kubernetesDriverOn({
    server: cluster.url,
    cluster: { "insecure-skip-tls-verify": true },
    folder,
    user: userInfo(),
    ...more,
    async end() {
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  });
  return { cluster, folder, under };
}
