// How the service names itself and its workspaces to others.
import type { AddressInfo } from "node:net";
import type { Scope } from "@malachite/core";
import { systemIds } from "./adapters/system/ids.ts";

/** The address as this machine reaches it: a service that listens everywhere is on loopback too. */
export function urlOf({ address, family, port }: AddressInfo): string {
  const reachable =
    address === "0.0.0.0"
      ? "127.0.0.1"
      : address === "::"
        ? "[::1]"
        : family === "IPv6"
          ? `[${address}]`
          : address;
  return `http://${reachable}:${port}`;
}

/** Where to connect to for that address; undefined for none yet. */
export function hostAndPort(url: string): { readonly host: string; readonly port: number } | undefined {
  if (url === "") return undefined;
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
}

/** Of a workspace as the settings write it: subscription/group/name. */
export function scopeOf(name: string): Scope {
  const [subscriptionId = "", resourceGroup = "", workspace = ""] = name.split("/");
  return { subscriptionId, resourceGroup, workspace };
}

/** The same GUID for the same workspace of the same data folder, another one in another folder. */
export function guidOf(folderId: string, workspaceKey: string): string {
  const hex = systemIds.sha256(`${folderId} ${workspaceKey}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
