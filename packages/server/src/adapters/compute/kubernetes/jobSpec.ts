// What Kubernetes is told to make of a launch plan: a job, of one pod or of one for each node, and a secret for what nobody may read. Pure.
import { relative } from "node:path";
import type {
  V1Container,
  V1EnvVar,
  V1Job,
  V1PodSpec,
  V1Secret,
  V1Service,
  V1Volume,
  V1VolumeMount,
} from "@kubernetes/client-node";
import {
  CONTAINER_FOLDER,
  type ContainerFlags,
  type LaunchKey,
  type LaunchPlan,
  MalachiteError,
  type PlannedImage,
  POD_NAMES,
  readContainerFlags,
  START_SCRIPT_NAME,
} from "@malachite/core";
import { ONE_ARGUMENT_BYTES, refuseLong } from "../shared/argumentLengths.ts";
import { homeOf, type ServiceUser } from "../shared/containerHome.ts";
import { isOutside, sourceSeen } from "../shared/placeMounts.ts";
import type { Prepared } from "../shared/runEnvironment.ts";
import { type AwayParts, awayContainer, awaySecret } from "./awayContainer.ts";
import { LABELS } from "./facts.ts";
import type { KubernetesOptions, VolumeOption } from "./kubernetesTarget.ts";
import { POD_SCRIPT } from "./podScript.ts";
import { gpusOfPod, podCount } from "./podsOfRun.ts";
import { GRACE_BEYOND_SECONDS, STOP_HOOK, USUAL_GRACE_MS } from "./stopHook.ts";

/** How the run's folder comes to the pod: on a volume that the service sees, or by a courier. */
export type FolderWay =
  | {
      readonly is: "volume";
      readonly command: Prepared;
      /** Names among the variables of the command that go into the secret. */
      readonly secrets: ReadonlySet<string>;
      /** The run's folder, as the service sees it. */
      readonly folder: string;
      /** Where the service sees the volume. */
      readonly volumeFolder: string;
    }
  | { readonly is: "away"; readonly parts: AwayParts };

export type SpecOf = {
  readonly key: LaunchKey;
  readonly name: string;
  /** The service's own mark, in a label. */
  readonly service: string;
  readonly plan: LaunchPlan;
  readonly image: PlannedImage;
  readonly options: KubernetesOptions;
  readonly user: ServiceUser;
  readonly way: FolderWay;
};

/** A cluster keeps objects of 1.5 MB at most; the pod's template is all but a few kilobytes of the job. */
const ALL_ARGUMENTS_BYTES = 1_000_000;
const WHAT_A_CLUSTER_TAKES = `a Kubernetes cluster takes: ${ALL_ARGUMENTS_BYTES} bytes in all, ${ONE_ARGUMENT_BYTES} in one`;
const WEEK_SECONDS = 7 * 86_400;
const VOLUME = "run";
const GPU = "nvidia.com/gpu";

export const secretName = (job: string): string => `${job}-env`;

export type JobParts = {
  readonly job: V1Job;
  readonly secret: V1Secret | undefined;
  /** Gives its pods names; undefined for none. */
  readonly service: V1Service | undefined;
};

/** Throws InvalidDefinition and UnsupportedField for what a cluster cannot do. */
export function jobSpec(ask: SpecOf): JobParts {
  const { plan, options } = ask;
  const { flags, faults } = readContainerFlags(ask.image.arguments);
  const fault = faults[0] ?? unsupported(flags);
  if (fault !== undefined)
    throw new MalachiteError("UnsupportedField", fault, { target: "configuration.docker.arguments" });
  const labels = { ...options.labels, ...flags.labels, [LABELS.service]: ask.service, [LABELS.key]: ask.key };
  const annotations = { ...options.annotations, ...about(plan) };
  const hidden = hiddenOf(ask.way);
  const metadata = { name: ask.name, labels, annotations };
  const pods = podCount(plan, options);
  return {
    job: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata,
      spec: {
        completions: pods,
        parallelism: pods,
        completionMode: "Indexed",
        backoffLimit: 0,
        ttlSecondsAfterFinished: options.ttlSeconds ?? WEEK_SECONDS,
        template: { metadata: { labels, annotations }, spec: podSpec(ask, flags, hidden !== undefined) },
      },
    },
    secret:
      hidden === undefined
        ? undefined
        : {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: secretName(ask.name), labels },
            type: "Opaque",
            data: hidden,
          },
    service: hasNames(ask)
      ? {
          ...{ apiVersion: "v1", kind: "Service", metadata: { name: ask.name, labels } },
          spec: {
            clusterIP: "None",
            publishNotReadyAddresses: true,
            selector: { [LABELS.service]: ask.service, [LABELS.key]: ask.key },
          },
        }
      : undefined,
  };
}

const hasNames = ({ plan, options }: SpecOf): boolean => options.dns === true && podCount(plan, options) > 1;

/** What nobody may read in the job, in base64; undefined for nothing. */
function hiddenOf(way: FolderWay): Record<string, string> | undefined {
  if (way.is === "away") return awaySecret(way.parts);
  const hidden = Object.entries(way.command.env).filter(([name]) => way.secrets.has(name));
  if (hidden.length === 0) return undefined;
  return Object.fromEntries(hidden.map(([name, value]) => [name, Buffer.from(value).toString("base64")]));
}

/** For people who look at the cluster. */
function about({ target, environment }: LaunchPlan): Record<string, string> {
  const of = {
    "malachite.target": target.name,
    "malachite.run": environment.AZUREML_RUN_ID,
    "malachite.workspace": environment.AZUREML_ARM_WORKSPACE_NAME,
    "malachite.experiment": environment.AZUREML_ARM_PROJECT_NAME,
  };
  return Object.fromEntries(
    Object.entries(of).filter((one): one is [string, string] => one[1] !== undefined),
  );
}

function podSpec(ask: SpecOf, flags: ContainerFlags, hasSecret: boolean): V1PodSpec {
  const { options, user, way, plan } = ask;
  const { container, mounts, volumes } =
    way.is === "away"
      ? awayContainer(plan, secretName(ask.name), toldToPods(ask))
      : volumeContainer(ask, way, flags, hasSecret);
  const shm = shmOf(flags.shmSizeBytes ?? ask.image.shmSizeBytes);
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: USUAL_GRACE_MS / 1000 + GRACE_BEYOND_SECONDS,
    enableServiceLinks: false,
    // A run is no client of the cluster, unless its target names an account for it.
    automountServiceAccountToken: options.serviceAccount !== undefined,
    ...(options.serviceAccount === undefined ? {} : { serviceAccountName: options.serviceAccount }),
    ...(options.priorityClass === undefined ? {} : { priorityClassName: options.priorityClass }),
    ...(options.runtimeClass === undefined ? {} : { runtimeClassName: options.runtimeClass }),
    ...(options.nodeSelector === undefined ? {} : { nodeSelector: { ...options.nodeSelector } }),
    ...(options.tolerations === undefined ? {} : { tolerations: [...options.tolerations] as never }),
    ...(options.imagePullSecrets === undefined
      ? {}
      : { imagePullSecrets: options.imagePullSecrets.map((name) => ({ name })) }),
    ...(hasNames(ask) ? { subdomain: ask.name } : {}),
    // Files on the volume are to be the service's user's; those that come home are so in any case.
    securityContext: (options.securityContext ??
      (way.is === "away" ? {} : { runAsUser: user.uid, runAsGroup: user.gid })) as never,
    containers: [
      {
        name: "run",
        image: ask.image.reference,
        ...(options.imagePullPolicy === undefined ? {} : { imagePullPolicy: options.imagePullPolicy }),
        workingDir: CONTAINER_FOLDER,
        ...container,
        resources: resourcesOf(plan, options, flags),
        volumeMounts: [...mounts, ...shm.mounts],
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...capabilitiesOf(flags),
      },
    ],
    volumes: [...volumes, ...shm.volumes],
  };
}

function shmOf(sizeBytes: number | undefined): { mounts: V1VolumeMount[]; volumes: V1Volume[] } {
  if (sizeBytes === undefined) return { mounts: [], volumes: [] };
  return {
    mounts: [{ name: "shm", mountPath: "/dev/shm" }],
    volumes: [{ name: "shm", emptyDir: { medium: "Memory", sizeLimit: String(sizeBytes) } }],
  };
}

type OnVolume = Extract<FolderWay, { is: "volume" }>;

function volumeContainer(ask: SpecOf, way: OnVolume, flags: ContainerFlags, hasSecret: boolean) {
  const { command, secrets } = way;
  const env = { ...homeOf(ask.user), ...flags.environment, ...command.env };
  const shown = Object.entries(env).filter(([name]) => !secrets.has(name));
  const pods = podCount(ask.plan, ask.options);
  const args = [
    ...(pods > 1 ? ["-c", POD_SCRIPT, "sh", String(pods)] : []),
    ...[`${CONTAINER_FOLDER}/${START_SCRIPT_NAME}`, CONTAINER_FOLDER],
    ...(pods > 1 ? ["--counts", `${CONTAINER_FOLDER}/${POD_NAMES.killed}`] : []),
    ...["--cgroups", "/sys/fs/cgroup", "--", ...command.argv],
  ];
  refuseLong({ env, argv: args }, ALL_ARGUMENTS_BYTES, WHAT_A_CLUSTER_TAKES);
  const container: Partial<V1Container> = {
    // What the image would start by itself is not asked: the start script is all.
    command: ["/bin/sh"],
    args: args.map(literal),
    env: [...shown.map(([name, value]) => ({ name, value: literal(value) })), ...toldToPods(ask)],
    ...(hasSecret ? { envFrom: [{ secretRef: { name: secretName(ask.name) } }] } : {}),
    lifecycle: { preStop: { exec: { command: ["/bin/sh", "-c", STOP_HOOK] } } },
  };
  return { container, ...volumesOf(ask, way) };
}

/** Of a run of several. Which of them it is, Kubernetes tells each: JOB_COMPLETION_INDEX. */
function toldToPods(ask: SpecOf): V1EnvVar[] {
  const pods = podCount(ask.plan, ask.options);
  if (pods === 1) return [];
  return [
    { name: POD_NAMES.count, value: String(pods) },
    { name: POD_NAMES.address, valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    ...(hasNames(ask) ? [{ name: POD_NAMES.domain, value: ask.name }] : []),
  ];
}

/** Kubernetes puts values of variables into arguments and variables where it finds `$(NAME)`; the user's texts are to stay as they are. */
const literal = (text: string): string => text.replaceAll("$", "$$$$");

/** The run's folder, and of the volume what else the run is to see; the files of other runs are not shown to it. */
function volumesOf(ask: SpecOf, way: OnVolume): { mounts: V1VolumeMount[]; volumes: V1Volume[] } {
  const { plan, options } = ask;
  const { folder } = way;
  const volume = options.volume as VolumeOption;
  const base = "subPath" in volume && volume.subPath !== undefined ? `${volume.subPath}/` : "";
  const onVolume = (source: string): string => {
    const inside = relative(way.volumeFolder, source);
    if (inside === "" || inside.startsWith(".."))
      throw new MalachiteError(
        "UnsupportedField",
        `The pods of the compute target '${plan.target.name}' do not see ${source}: it is not on the volume that the service sees at ${way.volumeFolder}. Let the service's data folder lie on that volume.`,
        { target: "configuration.data" },
      );
    return `${base}${inside}`;
  };
  const shown = (plan.mounts ?? []).flatMap((mount, index) => [
    { source: mount.source, at: sourceSeen(CONTAINER_FOLDER, index), readOnly: mount.readOnly },
    ...(isOutside(mount, CONTAINER_FOLDER) ? [mount] : []),
  ]);
  const mounts = [{ source: folder, at: CONTAINER_FOLDER, readOnly: false }, ...shown].map(
    ({ source, at, readOnly }) => ({ name: VOLUME, mountPath: at, subPath: onVolume(source), readOnly }),
  );
  return {
    mounts,
    volumes: [
      {
        name: VOLUME,
        ...("hostPath" in volume
          ? { hostPath: { path: volume.hostPath, type: "Directory" } }
          : { persistentVolumeClaim: { claimName: volume.persistentVolumeClaim } }),
      },
    ],
  };
}

/** The target's limit holds whatever the definition asks for. What a run may use is also kept for it. */
function resourcesOf(plan: LaunchPlan, options: KubernetesOptions, flags: ContainerFlags) {
  const { memoryMiB, cpus } = options;
  const least = (a: number | undefined, b: number | undefined) =>
    a === undefined ? b : b === undefined ? a : Math.min(a, b);
  const memory = least(flags.memoryBytes, memoryMiB === undefined ? undefined : memoryMiB * 2 ** 20);
  const cpu = least(flags.cpus, cpus);
  const asked = typeof flags.gpus === "number" ? flags.gpus : 0;
  const gpus = plan.gpus === undefined ? asked : gpusOfPod(plan, podCount(plan, options));
  const limits = {
    ...(memory === undefined ? {} : { memory: String(memory) }),
    ...(cpu === undefined ? {} : { cpu: `${Math.max(1, Math.round(cpu * 1000))}m` }),
    ...(gpus === 0 ? {} : { [GPU]: String(gpus) }),
  };
  return { limits, requests: { ...limits } };
}

function capabilitiesOf({
  capAdd,
  capDrop,
  privileged,
}: ContainerFlags): Pick<V1Container, "securityContext"> {
  const plain = (names: readonly string[]) => names.map((name) => name.toUpperCase().replace(/^CAP_/, ""));
  if (capAdd.length + capDrop.length === 0 && !privileged) return {};
  return {
    securityContext: {
      ...(privileged ? { privileged: true } : {}),
      ...(capAdd.length + capDrop.length === 0
        ? {}
        : { capabilities: { add: plain(capAdd), drop: plain(capDrop) } }),
    },
  };
}

/** Flags of docker that a pod has no word for, or that mean the machine of the service. */
function unsupported(flags: ContainerFlags): string | undefined {
  const asked: readonly (readonly [string, boolean])[] = [
    ["--ipc", flags.ipc !== undefined],
    ["--cpuset-cpus", flags.cpuset !== undefined],
    ["--memory-swap", flags.memorySwapBytes !== undefined],
    ["--memory-reservation", flags.memoryReservationBytes !== undefined],
    ["--pids-limit", flags.pids !== undefined],
    ["--ulimit", flags.ulimits.length > 0],
    // The controller of indexed jobs gives each pod a name of its own instead.
    ["--hostname", flags.hostname !== undefined],
    ["--network", flags.network !== undefined],
    ["--add-host", flags.hosts.length > 0],
    ["--dns", flags.dns.length > 0],
    ["--tmpfs", Object.keys(flags.tmpfs).length > 0],
    ["--volume", flags.volumes.length > 0],
    ["--device", flags.devices.length > 0],
    ["--security-opt", flags.securityOptions.length > 0],
    ["--gpus by name", Array.isArray(flags.gpus)],
    ["--gpus all", flags.gpus === "all"],
  ];
  const found = asked.find(([, is]) => is)?.[0];
  return (
    found &&
    `${found} is not taken by a Kubernetes target: there the cluster decides. Set it in the options of the target where it has one.`
  );
}
