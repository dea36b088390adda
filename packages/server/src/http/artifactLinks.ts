// The URLs of artifacts in answers: to read, to write, and only to say where something is.
import { artifactBlob } from "@malachite/core";
import type { Place } from "./artifactPlace.ts";
import { blobUrl } from "./auth/sas.ts";
import type { Edge } from "./edge.ts";

/** In one go, in blocks or piece by piece; and to look at what was written. */
const TO_WRITE = "racw";

type Links = Pick<Edge, "auth">;
export type LinkTo = (place: Place, path: string) => string;

export const readLink =
  ({ auth }: Links, base: string): LinkTo =>
  ({ at }, path) =>
    auth.blobs.link(base, { ...artifactBlob(at, path), permissions: "r" });

export const writeLink =
  ({ auth }: Links, base: string): LinkTo =>
  ({ at }, path) =>
    auth.blobs.link(base, { ...artifactBlob(at, path), permissions: TO_WRITE });

/** For those who read with any HTTP client: without the account, which some of them refuse in a URL. */
export const plainLink =
  ({ auth }: Links, base: string): LinkTo =>
  ({ at }, path) =>
    auth.blobs.plainLink(base, { ...artifactBlob(at, path), permissions: "r" });

/** Allows nothing. */
export const storageUri =
  (base: string): LinkTo =>
  ({ at }, path) => {
    const { container, blob } = artifactBlob(at, path);
    return blobUrl(base, container, blob);
  };
