// What an archive holds: its head, rows of tables, then items with bytes. JSON of these forms; who reads it checks it.
import type { BlobHeaders } from "@malachite/core";
import type { Spans } from "../../adapters/records/shared/moving/movedRows.ts";

export type Head = {
  /** Of the program that wrote it, for people. */
  readonly version: string;
  /** Of the tables. */
  readonly schema: number;
  /** The columns of each table, in the order of the values of its rows. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly workspace: {
    readonly subscriptionId: string;
    readonly resourceGroup: string;
    readonly workspace: string;
    readonly createdAt: number;
  };
  /** When the records were as they are here. */
  readonly exportedAt: number;
  readonly spans: Spans;
  /** How secrets are sealed; none are in it without. */
  readonly secrets?: { readonly salt: string; readonly probe: string };
};

/** Where a file is: an artifact container by its name, or by its folder's where nobody knows the name; or a datastore of the service. */
export type FilePlace =
  | { readonly container: string }
  | { readonly folder: string }
  | { readonly datastore: string };

export type FileItem = {
  readonly is: "file";
  readonly in: FilePlace;
  readonly path: string;
  readonly sizeBytes: number;
  readonly kind: "block" | "append";
  readonly headers: BlobHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly changedAt: number;
};

export type Item =
  | FileItem
  /** A content of projects. */
  | { readonly is: "content"; readonly sha256: string; readonly sizeBytes: number }
  /** The listing of a project: a line of JSON for each file. Its contents come before it. */
  | { readonly is: "tree"; readonly tree: string }
  /** A snapshot; its bytes are what a client told of it, if it told something. Its tree comes before it. */
  | { readonly is: "snapshot"; readonly id: string; readonly tree: string; readonly hasNodes: boolean }
  /** The snapshot that a client kept last. */
  | { readonly is: "latest"; readonly id: string };

export type Counts = {
  readonly rows: Readonly<Record<string, number>>;
  readonly files: number;
  readonly fileBytes: number;
  readonly snapshots: number;
};
