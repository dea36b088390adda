// What goes between the service and a run on a machine that sees nothing of it: what the run is made of goes there, its files come home.
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { LaunchPlace } from "./launchPlace.ts";
import type { OpenFile } from "./openFile.ts";

/** All contents of a parcel one after the other, in the order of its listing: never changed once it is there. */
export type ParcelContent = {
  readonly sizeBytes: number;
  /** Bytes `from` up to but not including `to`. Throws StorageFailed for what is damaged or gone. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
};

/** A file of the run as it is at home. `taken`: whether what was sent of it is in it; if not, it goes on at its size. */
export type TakenPiece = { readonly path: string; readonly sizeBytes: number; readonly taken: boolean };

/** A node of a launch whose nodes share nothing but the network. */
export type MeetingNode = {
  readonly node: number;
  /** Something of it has come home. */
  readonly begun: boolean;
  /** Where the others reach it, as it says itself when it has all that it needs to start. */
  readonly address?: string;
  readonly ended?: { readonly failure?: string; readonly stage?: string };
};

export interface Courier {
  /** Parcels and homes. Whether their launches run is not known here, and of no account: without a record none is answered. */
  readonly place?: LaunchPlace;
  /** What the launch is made of, a JSON line each; undefined where nothing lies ready for it. */
  listing(key: LaunchKey): Promise<OpenFile | undefined>;
  /** The bytes of it; undefined where nothing lies ready. */
  content(key: LaunchKey): Promise<ParcelContent | undefined>;
  /**
   * Every file that has come home of the launch, with its size, as JSON lines; undefined where it has no home here. `node`: of a launch
   * whose nodes send their files by themselves, whose they are. */
  home(key: LaunchKey, node?: number): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Takes pieces of files, each a JSON line and its bytes. What has come of a stream that is cut is kept; a piece that does not begin
   * where its file ends changes nothing and is answered as not taken. The exit record is the last that is taken. Throws
   * ArtifactNotFound where the launch has no home, InvalidRequest, BadPath, LaunchEnded, EngineUnavailable for a disk that takes nothing.
   */
  take(key: LaunchKey, pieces: AsyncIterable<Uint8Array>, node?: number): Promise<readonly TakenPiece[]>;
  /** Where the nodes of the launch are: none for one that is a single machine's; undefined where it has no home here. */
  meeting(key: LaunchKey): Promise<readonly MeetingNode[] | undefined>;
}
