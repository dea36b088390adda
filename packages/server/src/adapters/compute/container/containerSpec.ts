// What the engine is told to make of a launch plan: the settings of its container. Pure, but for the words of the engine.
import {
  CONTAINER_FOLDER,
  type ContainerFlags,
  type LaunchKey,
  type LaunchPlan,
  MalachiteError,
  type PlannedImage,
  readContainerFlags,
  START_SCRIPT_NAME,
} from "@malachite/core";
import type { Docker, EngineFacts } from "../../../containers/index.ts";
import { refuseLong } from "../shared/argumentLengths.ts";
import { homeOf, type ServiceUser } from "../shared/containerHome.ts";
import { isOutside, sourceSeen } from "../shared/placeMounts.ts";
import type { Prepared } from "../shared/runEnvironment.ts";
import type { ContainerOptions } from "./containerTarget.ts";

export type ContainerSpec = Docker.ContainerCreateOptions;

/** By these the containers of a service are told from all others. */
export const LABELS = { service: "malachite.service", key: "malachite.key" } as const;

export type SpecOf = {
  readonly key: LaunchKey;
  readonly name: string;
  /** The service's own mark, in a label. */
  readonly service: string;
  readonly plan: LaunchPlan;
  readonly image: PlannedImage;
  readonly command: Prepared;
  readonly options: ContainerOptions;
  readonly facts: EngineFacts;
  readonly user: ServiceUser;
  /** The run's folder on this machine. */
  readonly folder: string;
  readonly startedAt: number;
};

/** A kernel takes a quarter of the stack's limit, 8 MiB as a rule, for arguments and variables together; the rest is for the engine's. */
const ALL_ARGUMENTS_BYTES = 2_000_000;

/** Throws InvalidDefinition and UnsupportedField for what this engine cannot do. */
export function containerSpec(ask: SpecOf): ContainerSpec {
  const { plan, image, command, options, facts, user, folder } = ask;
  const { flags, faults } = readContainerFlags(image.arguments);
  if (faults[0] !== undefined)
    throw new MalachiteError("InvalidDefinition", faults[0], { target: "configuration.docker.arguments" });
  const isRoot = user.uid === 0 || facts.rootless;
  const env = { ...homeOf(user, isRoot), ...flags.environment, ...command.env };
  const argv = [
    ...[`${CONTAINER_FOLDER}/${START_SCRIPT_NAME}`, CONTAINER_FOLDER, "--at", String(ask.startedAt)],
    ...["--cgroups", "/sys/fs/cgroup", "--", ...command.argv],
  ];
  refuseLong({ env, argv }, ALL_ARGUMENTS_BYTES, "a system gives to a program");
  const shmSize = flags.shmSizeBytes ?? image.shmSizeBytes;
  return {
    name: ask.name,
    Image: image.reference,
    // What the image would start by itself is not asked: the start script is all.
    Entrypoint: ["/bin/sh"],
    Cmd: argv,
    WorkingDir: CONTAINER_FOLDER,
    // On a rootless engine the root of a container is the user who runs the engine.
    User: isRoot ? "0:0" : `${user.uid}:${user.gid}`,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...flags.labels, [LABELS.service]: ask.service, [LABELS.key]: ask.key },
    ...(flags.hostname === undefined ? {} : { Hostname: flags.hostname }),
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    // The image's own check of its health is of a service, which a run is not.
    Healthcheck: { Test: ["NONE"] } as never,
    HostConfig: {
      Mounts: mountsOf(plan, flags, folder),
      NetworkMode: flags.network ?? options.network ?? "host",
      RestartPolicy: { Name: "no" },
      AutoRemove: false,
      // The start script is the first process: what it ends with is the end of all, and no signal from inside reaches it.
      Init: false,
      // Folders of this machine are shown as they are, also where SELinux would keep containers from them.
      SecurityOpt: ["label=disable", ...flags.securityOptions],
      ...(facts.remapped ? { UsernsMode: "host" } : {}),
      ...memoryOf(options, flags),
      ...cpusOf(options, flags),
      ...(shmSize === undefined ? {} : { ShmSize: shmSize }),
      ...(flags.ipc === undefined ? {} : { IpcMode: flags.ipc }),
      ...(flags.pids === undefined ? {} : { PidsLimit: flags.pids }),
      ...(flags.ulimits.length === 0
        ? {}
        : { Ulimits: flags.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) }),
      ...(flags.hosts.length === 0 ? {} : { ExtraHosts: [...flags.hosts] }),
      ...(flags.dns.length === 0 ? {} : { Dns: [...flags.dns] }),
      ...(Object.keys(flags.tmpfs).length === 0 ? {} : { Tmpfs: { ...flags.tmpfs } }),
      ...(flags.capDrop.length === 0 ? {} : { CapDrop: [...flags.capDrop] }),
      ...(flags.capAdd.length === 0 ? {} : { CapAdd: [...flags.capAdd] }),
      ...(flags.privileged ? { Privileged: true } : {}),
      ...devicesOf(plan, flags, facts),
    },
  };
}

function mountsOf(plan: LaunchPlan, flags: ContainerFlags, folder: string) {
  const mounts = plan.mounts ?? [];
  // Links in the run's folder lead there; what is to be at a path of the container is shown under that as well.
  const sources = mounts.map(({ source, readOnly }, index) => ({
    source,
    at: sourceSeen(CONTAINER_FOLDER, index),
    readOnly,
  }));
  const shown = [...sources, ...mounts.filter((one) => isOutside(one, CONTAINER_FOLDER))];
  return [{ source: folder, at: CONTAINER_FOLDER, readOnly: false }, ...shown, ...flags.volumes].map(
    ({ source, at, readOnly }) => ({
      Type: "bind" as const,
      Source: source,
      Target: at,
      ReadOnly: readOnly,
    }),
  );
}

/** The target's limit holds whatever the definition asks for. Without swap, unless the definition asks for some. */
function memoryOf({ memoryMiB }: ContainerOptions, flags: ContainerFlags) {
  const most = memoryMiB === undefined ? Number.POSITIVE_INFINITY : memoryMiB * 2 ** 20;
  const bytes = Math.min(flags.memoryBytes ?? most, most);
  if (bytes === Number.POSITIVE_INFINITY) return {};
  const swap = memoryMiB === undefined ? (flags.memorySwapBytes ?? bytes) : bytes;
  return {
    Memory: bytes,
    MemorySwap: swap,
    ...(flags.memoryReservationBytes === undefined
      ? {}
      : { MemoryReservation: Math.min(flags.memoryReservationBytes, bytes) }),
  };
}

function cpusOf({ cpus }: ContainerOptions, flags: ContainerFlags) {
  const most = Math.min(flags.cpus ?? Number.POSITIVE_INFINITY, cpus ?? Number.POSITIVE_INFINITY);
  return {
    ...(most === Number.POSITIVE_INFINITY ? {} : { NanoCpus: Math.round(most * 1e9) }),
    ...(flags.cpuset === undefined ? {} : { CpusetCpus: flags.cpuset }),
  };
}

/** The GPUs that the service gave the run; where nobody counts them, those that the definition names. */
function devicesOf({ gpus }: LaunchPlan, flags: ContainerFlags, { gpus: way, gpusReason }: EngineFacts) {
  const ids = gpus === undefined ? undefined : gpus.map(String);
  const asked = ids ?? flags.gpus;
  const devices = flags.devices.map((device) => {
    const [host = "", inside = host, rights = "rwm"] = device.split(":");
    return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: rights };
  });
  const plain = devices.length === 0 ? {} : { Devices: devices };
  const wantsNone = asked === undefined || (Array.isArray(asked) && asked.length === 0);
  if (wantsNone) return plain;
  if (way === undefined)
    throw new MalachiteError("UnsupportedField", gpusReason ?? "The engine gives no GPUs to containers.", {
      target: "configuration.docker.arguments",
    });
  if (way === "nvidia") {
    const request =
      asked === "all"
        ? { Count: -1 }
        : typeof asked === "number"
          ? { Count: asked }
          : { DeviceIDs: [...asked] };
    return { ...plain, DeviceRequests: [{ Driver: "nvidia", Capabilities: [["gpu"]], ...request }] };
  }
  const names =
    asked === "all"
      ? ["all"]
      : typeof asked === "number"
        ? Array.from({ length: asked }, (_, index) => String(index))
        : asked;
  return {
    ...plain,
    DeviceRequests: [{ Driver: "cdi", DeviceIDs: names.map((id) => `nvidia.com/gpu=${id}`) }],
  };
}
