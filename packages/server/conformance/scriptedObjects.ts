// Parts of the scripted Kubernetes API server: its objects, and what is read of them.
import { mkdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";

export type Meta = {
  name: string;
  uid: string;
  resourceVersion: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  creationTimestamp: string;
  deletionTimestamp?: string;
  ownerReferences?: { uid: string }[];
};
// biome-ignore lint/suspicious/noExplicitAny: objects of an API, as they come; the driver under test reads them with care.
export type Thing = { metadata: Meta; spec?: any; status?: any; [more: string]: any };
/** What comes behind `--` of the container's arguments, as the command would get it. */
export function commandOf(thing: Thing): readonly string[] {
  const { args } = (thing.spec.template?.spec ?? thing.spec).containers[0] as { args: string[] };
  return args.slice(args.indexOf("--") + 1).map((one) => one.replaceAll("$$", "$"));
}

export function folderOf({ spec }: Thing): string {
  return join(spec.volumes[0].hostPath.path, spec.containers[0].volumeMounts[0].subPath);
}

export const hasVolume = ({ spec }: Thing): boolean => spec.volumes[0].hostPath !== undefined;

export function claim(folder: string): boolean {
  try {
    mkdirSync(join(folder, "claim"));
    return true;
  } catch {
    return false;
  }
}

export function matches({ metadata }: Thing, query: URLSearchParams): boolean {
  const wanted = (query.get("labelSelector") ?? "").split(",").filter((one) => one !== "");
  return wanted.every((one) => metadata.labels[one.split("=")[0] ?? ""] === one.split("=")[1]);
}

export function merge(into: Record<string, unknown>, patch: object): void {
  for (const [name, value] of Object.entries(patch)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      into[name] ??= {};
      merge(into[name] as Record<string, unknown>, value);
    } else into[name] = value;
  }
}

export function say(answer: ServerResponse, status: number, body: object): void {
  answer.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
