// What an engine is and can, read from what it says of itself and from what NVIDIA's toolkit has left on this machine.
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export type EngineFacts = {
  /** As messages name it: `Docker 28.2.2`. */
  readonly name: string;
  /** The root of a container is the user who runs the engine, who is also the service's. */
  readonly rootless: boolean;
  /** The root of a container is nobody on this machine unless it is asked otherwise. */
  readonly remapped: boolean;
  /** How GPUs are handed to a container. */
  readonly gpus: "nvidia" | "cdi" | undefined;
  /** Why they are not, and what would help. */
  readonly gpusReason?: string;
  /** Memory and CPUs of a container can be limited. */
  readonly limits: boolean;
};

/** Of the engine's `/info`, what is read here. */
export type EngineInfo = {
  readonly SecurityOptions?: readonly string[] | null;
  readonly Rootless?: boolean;
  readonly CgroupVersion?: string;
  readonly Runtimes?: object | null;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  /** Folders with descriptions of devices; Docker has none of them unless it reads such. */
  readonly CDISpecDirs?: readonly string[] | null;
  readonly DiscoveredDevices?: readonly { readonly ID?: string }[] | null;
};
export type EngineVersion = {
  readonly Version: string;
  readonly Components?: readonly { readonly Name: string }[] | null;
};

const CDI_FOLDERS = ["/etc/cdi", "/var/run/cdi"];
/** Docker gives GPUs by it, whether or not its runtime is registered. */
const NVIDIA_HOOKS = ["/usr/bin", "/usr/local/bin"].map(
  (folder) => `${folder}/nvidia-container-runtime-hook`,
);
/** Earlier ones take requests for devices over this API and forget them. */
const PODMAN_WITH_CDI = [5, 4] as const;
const TOOLKIT =
  "Install NVIDIA's container toolkit on this machine and describe its GPUs: nvidia-ctk cdi generate.";

export async function readFacts(info: EngineInfo, version: EngineVersion): Promise<EngineFacts> {
  const isPodman = (version.Components ?? []).some(({ Name }) => /podman/i.test(Name));
  const name = `${isPodman ? "Podman" : "Docker"} ${version.Version}`;
  const has = (option: string): boolean =>
    (info.SecurityOptions ?? []).some((one) => one.split(",").includes(`name=${option}`));
  // Earlier releases of Podman say it in a field of its own alone.
  const rootless = has("rootless") || info.Rootless === true;
  return {
    name,
    rootless,
    remapped: has("userns"),
    // Those of version 1 are root's alone.
    limits:
      info.MemoryLimit !== false && info.CpuCfsQuota !== false && !(rootless && info.CgroupVersion === "1"),
    ...(isPodman ? await gpusOfPodman(name, info, version) : await gpusOfDocker(name, info)),
  };
}

type Gpus = Pick<EngineFacts, "gpus" | "gpusReason">;

async function gpusOfDocker(name: string, info: EngineInfo): Promise<Gpus> {
  const hooks = await Promise.all(NVIDIA_HOOKS.map(isThere));
  if ("nvidia" in (info.Runtimes ?? {}) || hooks.includes(true)) return { gpus: "nvidia" };
  if (info.CDISpecDirs && (await hasCdi(info, info.CDISpecDirs))) return { gpus: "cdi" };
  const why = `${name} gives no GPUs to containers: it has neither NVIDIA's runtime nor a description of the GPUs (CDI).`;
  return { gpus: undefined, gpusReason: `${why} ${TOOLKIT}` };
}

async function gpusOfPodman(name: string, info: EngineInfo, { Version }: EngineVersion): Promise<Gpus> {
  const [major = 0, minor = 0] = Version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [least, andMinor] = PODMAN_WITH_CDI;
  if (major < least || (major === least && minor < andMinor)) {
    const why = `${name} gives no GPUs to containers over its API; releases from ${least}.${andMinor} on do.`;
    return { gpus: undefined, gpusReason: why };
  }
  if (await hasCdi(info, info.CDISpecDirs ?? CDI_FOLDERS)) return { gpus: "cdi" };
  const why = `${name} gives no GPUs to containers: there is no description of the GPUs (CDI) in ${CDI_FOLDERS.join(", ")}.`;
  return { gpus: undefined, gpusReason: `${why} ${TOOLKIT}` };
}

/** Whether NVIDIA's GPUs are among the devices that are described for the container device interface. */
async function hasCdi({ DiscoveredDevices }: EngineInfo, folders: readonly string[]): Promise<boolean> {
  if (DiscoveredDevices?.some(({ ID = "" }) => ID.startsWith("nvidia.com/gpu="))) return true;
  for (const folder of folders) {
    const files = (await readdir(folder).catch(() => [])).filter((file) => /\.(ya?ml|json)$/.test(file));
    for (const file of files) {
      const text = await readFile(join(folder, file), "utf8").catch(() => "");
      if (text.includes("nvidia.com/gpu")) return true;
    }
  }
  return false;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
