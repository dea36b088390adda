// The options of a compute target of kind kubernetes.
import { isAbsolute, normalize } from "node:path";
import { environmentTools, type JsonObject, type TargetSettings, TOOL_OPTIONS } from "@malachite/core";
import { faultOf, refusedOption, unknownOption } from "../shared/targetOptions.ts";

/** Where the volume with the runs' folders is for a pod: a claim, or a folder that every node has under the same path. */
export type VolumeOption =
  | { readonly persistentVolumeClaim: string; readonly subPath?: string }
  | { readonly hostPath: string };

export type KubernetesOptions = {
  /** A file; that of the service's user, or inside a cluster its own account, unless told. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Of the context, or `default`, unless told. */
  readonly namespace?: string;
  /** For runs that name no image; whoever plans the run reads it. */
  readonly image?: string;
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  readonly imagePullSecrets?: readonly string[];
  readonly volume?: VolumeOption;
  /** Where the service sees the volume. */
  readonly folder?: string;
  readonly memoryMiB?: number;
  readonly cpus?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly JsonObject[];
  readonly serviceAccount?: string;
  readonly priorityClass?: string;
  readonly runtimeClass?: string;
  /** Of the pod, as Kubernetes writes it. */
  readonly securityContext?: JsonObject;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Nodes of a run are processes of one pod, and not pods of their own. */
  readonly nodesInOnePod?: boolean;
  /** The cluster has names for pods: runs of several are told these. */
  readonly dns?: boolean;
  /** How long Kubernetes keeps a job that has ended, should the service not come back. */
  readonly ttlSeconds?: number;
  /** How long an image may fail to come, or a pod to be made, before the run is given up. */
  readonly startSeconds?: number;
};

type Check = (value: unknown) => string | undefined;

const text: Check = (value) =>
  typeof value === "string" && value !== "" && !value.includes("\0") ? undefined : "must be text";
const dns: Check = (value) =>
  typeof value === "string" && /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(value)
    ? undefined
    : "must be the name of a Kubernetes object";
const path: Check = (value) =>
  typeof value === "string" &&
  isAbsolute(value) &&
  !value.includes("\0") &&
  normalize(value) === value.replace(/\/+$/, "")
    ? undefined
    : "must be an absolute path";
const oneOf =
  (...known: readonly string[]): Check =>
  (value) =>
    known.includes(value as string) ? undefined : `must be one of ${known.join(", ")}`;
const number =
  (least: number, most: number, whole: boolean): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? undefined
      : `must be a ${whole ? "whole " : ""}number from ${least}`;
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be true or false");
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const texts: Check = (value) =>
  isObject(value) && Object.values(value).every((one) => typeof one === "string")
    ? undefined
    : "must be names with texts";
const names: Check = (value) =>
  Array.isArray(value) && value.every((one) => dns(one) === undefined)
    ? undefined
    : "must be a list of names of Kubernetes objects";
const objects: Check = (value) =>
  Array.isArray(value) && value.every(isObject)
    ? undefined
    : "must be a list of objects as Kubernetes writes them";

const insidePath: Check = (value) =>
  typeof value === "string" &&
  value !== "" &&
  !value.startsWith("/") &&
  !value.split("/").some((part) => part === ".." || part === "")
    ? undefined
    : "must be a relative path";

function volume(value: unknown): string | undefined {
  const wanted = "must be { persistentVolumeClaim: NAME } or { hostPath: /FOLDER }";
  if (!isObject(value)) return wanted;
  const { persistentVolumeClaim, subPath, hostPath, ...unknown } = value;
  const [name] = Object.keys(unknown);
  if (name !== undefined) return `has an unknown ${name}; it ${wanted}`;
  if ((persistentVolumeClaim === undefined) === (hostPath === undefined)) return wanted;
  if (hostPath !== undefined && subPath !== undefined) return "has a subPath, which is for a claim alone";
  const wrong =
    hostPath === undefined
      ? [
          ["persistentVolumeClaim", dns(persistentVolumeClaim)] as const,
          ["subPath", subPath === undefined ? undefined : insidePath(subPath)] as const,
        ]
      : [["hostPath", path(hostPath)] as const];
  const found = wrong.find(([, why]) => why !== undefined);
  return found && `has a wrong ${found[0]}: it ${found[1]}`;
}

const KNOWN: Readonly<Record<keyof KubernetesOptions, Check>> = {
  kubeconfig: path,
  context: text,
  namespace: dns,
  image: text,
  imagePullPolicy: oneOf("Always", "IfNotPresent", "Never"),
  imagePullSecrets: names,
  volume,
  folder: path,
  memoryMiB: number(4, 2 ** 33, true),
  cpus: number(0.01, 10_000, false),
  nodeSelector: texts,
  tolerations: objects,
  serviceAccount: dns,
  priorityClass: dns,
  runtimeClass: dns,
  securityContext: (value) => (isObject(value) ? undefined : "must be an object as Kubernetes writes it"),
  labels: texts,
  annotations: texts,
  nodesInOnePod: flag,
  dns: flag,
  ttlSeconds: number(60, 2 ** 31 - 1, true),
  startSeconds: number(1, 86_400, true),
};

/** Throws UnsupportedField naming the option that is unknown or wrong. */
export function parseKubernetesOptions(target: TargetSettings): KubernetesOptions {
  const { options } = target;
  environmentTools(target);
  for (const [name, value] of Object.entries(options)) {
    // Checked already.
    if ((TOOL_OPTIONS as readonly string[]).includes(name)) continue;
    const check = Object.hasOwn(KNOWN, name) ? KNOWN[name as keyof KubernetesOptions] : undefined;
    if (check === undefined)
      throw unknownOption(
        target,
        name,
        [...Object.keys(KNOWN), ...TOOL_OPTIONS],
        "runsAtOnce, nodes, gpus and gpusPerRun",
      );
    const wrong = value === undefined ? undefined : check(value);
    if (wrong !== undefined) throw refusedOption(target, name, wrong);
  }
  const parsed = options as KubernetesOptions;
  const malachites = [...Object.keys(parsed.labels ?? {}), ...Object.keys(parsed.annotations ?? {})].find(
    (name) => name.startsWith("malachite."),
  );
  if (malachites !== undefined)
    throw refusedOption(
      target,
      "labels",
      `name ${malachites}, and names that begin with malachite. are the service's own`,
    );
  if (parsed.volume !== undefined && "persistentVolumeClaim" in parsed.volume && parsed.folder === undefined)
    throw refusedOption(
      target,
      "folder",
      "is needed with a claim: the path under which the service sees its volume",
    );
  const [tool] = TOOL_OPTIONS.filter((name) => options[name] !== undefined);
  if (tool !== undefined && parsed.volume !== undefined)
    throw refusedOption(
      target,
      tool,
      "is for targets without a volume: with one the image is the environment, and nothing is made in it",
    );
  if (parsed.folder !== undefined && parsed.volume === undefined)
    throw refusedOption(target, "folder", "is of no use without volume, which says where pods see it");
  return parsed;
}

/** Where the service sees the volume; undefined for a target without one. */
export function folderOf({ volume, folder }: KubernetesOptions): string | undefined {
  if (volume === undefined) return undefined;
  return folder ?? ("hostPath" in volume ? volume.hostPath : undefined);
}

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings): string | undefined =>
  faultOf(() => parseKubernetesOptions(target));
