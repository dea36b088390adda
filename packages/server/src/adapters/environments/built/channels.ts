// Conda channels as addresses: what a definition names, by what the settings say the names mean here.
import type { CondaSpec } from "@malachite/core";

/** A channel as it is named, and where it is. */
export type Channel = { readonly name: string; readonly url: string };

const ALIAS = "https://conda.anaconda.org";
/** What conda means by the word. */
const DEFAULTS = ["https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"];

/** `NAME=URL`, where `*` stands for every name and address that is not named itself. */
function mappingOf(condaChannels: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    condaChannels.map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at).trim(), entry.slice(at + 1).trim()] as const;
    }),
  );
}

/** Where the settings say that a channel is; undefined where they say nothing of it. */
export function toldPlace(name: string, condaChannels: readonly string[]): string | undefined {
  const mapping = mappingOf(condaChannels);
  return mapping.get(name) ?? mapping.get("*");
}

function placesOf(name: string, mapping: ReadonlyMap<string, string>): readonly string[] {
  const mapped = mapping.get(name) ?? mapping.get("*");
  if (mapped !== undefined) return [mapped];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return [name];
  if (name.startsWith("/")) return [`file://${name}`];
  return name === "defaults" ? DEFAULTS : [`${ALIAS}/${name}`];
}

/** In order. A definition that names none means conda's own default. */
export function channelsOf({ channels, packages }: CondaSpec, condaChannels: readonly string[]): Channel[] {
  const mapping = mappingOf(condaChannels);
  const named = channels.filter((name) => name !== "nodefaults");
  const inPackages = packages.flatMap((spec) => /^(\S+?)::/.exec(spec)?.[1] ?? []);
  const names = new Set([...(named.length > 0 ? named : ["defaults"]), ...inPackages]);
  return [...names].flatMap((name) => placesOf(name, mapping).map((url) => ({ name, url })));
}

/** The addresses, each once. */
export const addressesOf = (channels: readonly Channel[]): string[] => [
  ...new Set(channels.map(({ url }) => url)),
];

/** A package spec whose channel, if it names one, is an address. */
export function withChannel(spec: string, channels: readonly Channel[]): string {
  const found = /^(\S+?)::(.*)$/.exec(spec);
  const place = channels.find(({ name }) => name === found?.[1]);
  return found && place ? `${place.url}::${found[2]}` : spec;
}
