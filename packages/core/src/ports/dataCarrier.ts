// Brings data to runs and takes it from them: whatever storage it is in, and wherever it lies on this machine.

import type { DataSource } from "../domain/data/placeData.ts";
import type { DatastoreType } from "../domain/datastore/datastore.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { JsonObject } from "../domain/scope.ts";
import type { RunFolder } from "./computeDriver.ts";
import type { LaunchPlace } from "./launchPlace.ts";

/** A storage as it is reached, with its secrets: never kept, never logged. */
export type Storage =
  /** A container of the service's own blobs. */
  | { readonly kind: "own"; readonly container: string }
  /** What a user registered. */
  | { readonly kind: "registered"; readonly type: DatastoreType; readonly section: JsonObject }
  /** One that the settings name. */
  | { readonly kind: "named"; readonly name: string }
  /** One file of the web. */
  | { readonly kind: "web" };

export type StoragePlace = {
  readonly storage: Storage;
  /** How it is called in logs and errors: the datastore's name, or the host of a URI. */
  readonly called: string;
  /** In the storage; "" is all of it. Of the web: the URI. */
  readonly path: string;
};

export type Carried = {
  readonly files: number;
  readonly bytes: number;
  /** What cannot be a file on this machine, in words. */
  readonly passedOver?: readonly string[];
};

/** What became of the files that were to be sent. Faults are sentences for people; the first hundred. */
export type Sent = Carried & { readonly faults: readonly string[] };

/** Takes lines for the run's log, without their ends. */
export type TellData = (line: string) => void;

export interface DataCarrier {
  /**
   * Refuses what cannot work at all, so that no run is queued for it: a kind of storage that is not reached, a mount where there is
   * none. Asks no storage. `inContainer`: who is to see a mount is in a container. Answers whether the place lies on this machine.
   * Throws UnsupportedField without a target: the caller names the property.
   */
  check(
    place: StoragePlace,
    use: "mount" | "download" | "upload",
    inContainer: boolean,
  ): Promise<"here" | "elsewhere">;
  /**
   * Downloads a folder or a file into a folder of the launch. May be repeated: what is there already, of the same size and time, is
   * not fetched again, and a file that was cut short is gone on with. Throws DataUnreachable for what cannot be fetched, StorageFailed.
   */
  bring(
    place: StoragePlace,
    into: { readonly key: LaunchKey; readonly name: string },
    tell: TellData,
    signal: AbortSignal,
  ): Promise<DataSource & Carried>;
  /**
   * Where the place itself lies on this machine. One that is elsewhere is mounted for the launch: what serves the mount outlives the
   * service, and stays until `settle` or `forget`. May be repeated: a mount that is there is used on. Throws DataUnreachable when it
   * cannot be shown, EngineUnavailable.
   */
  mount(
    place: StoragePlace,
    into: { readonly key: LaunchKey; readonly name: string },
    ask: { readonly make: boolean; readonly readOnly: boolean },
    tell: TellData,
    signal: AbortSignal,
  ): Promise<DataSource>;
  /**
   * Ends a mount of the launch when nobody uses it any more, and sends what was written into it and is not in the storage yet. `place`
   * is asked for only then. May be repeated; no such mount: nothing to do. A file that cannot be sent is a fault, and so is a mount
   * that had ended by itself. Throws what the signal says, EngineUnavailable when the mount is still there.
   */
  settle(
    into: { readonly key: LaunchKey; readonly name: string },
    called: string,
    place: () => Promise<StoragePlace>,
    tell: TellData,
    signal: AbortSignal,
  ): Promise<Sent>;
  /** An empty folder of the launch; one that is there stays as it is. */
  make(into: { readonly key: LaunchKey; readonly name: string }): Promise<DataSource>;
  /** What the run has put into such a folder. */
  made(into: { readonly key: LaunchKey; readonly name: string }): RunFolder;
  /**
   * Sends the files below `under` ("" is all, and may be one file) to the place. May be repeated: a file that is there with the same
   * content counts as sent. A file that cannot be sent is a fault and the others go on. Throws only when the signal aborts.
   */
  send(
    from: { readonly folder: RunFolder; readonly under: string },
    place: StoragePlace,
    ask: { readonly overwrite: boolean; readonly globs: readonly string[] },
    tell: TellData,
    signal: AbortSignal,
  ): Promise<Sent>;
  /** Removes all that lies here for the launch, its mounts first. Nothing there is success. */
  forget(key: LaunchKey): Promise<void>;
  /** What lies here of launches. */
  readonly place?: LaunchPlace;
  /** Removes what lies here for any other launch than these. For a start. */
  sweep(keys: ReadonlySet<LaunchKey>): Promise<void>;
}
