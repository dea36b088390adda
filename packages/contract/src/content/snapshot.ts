// Snapshots as clients of the content service describe them. No public description exists: this is what the v1 SDK sends and reads.
import Type, { type Static } from "typebox";
import { anyObject, dateTime, integer, mapOf, model, nullable, oneOf, optional } from "../model.ts";

export type SnapshotNode = {
  name: string;
  type: "File" | "Directory";
  timestamp?: string | null;
  hash: string;
  children?: { readonly [name: string]: SnapshotNode };
};
/** A file or folder of a project. Clients before 2020 send `children` as a list. */
export const SnapshotNode = model("SnapshotNode", {
  name: Type.String({ description: "The name alone; of the root, empty." }),
  type: oneOf(["File", "Directory"]),
  timestamp: optional(
    nullable(Type.String({ description: "When it was last changed, as the client writes it." })),
  ),
  hash: Type.String({
    description:
      "SHA-512 in hex. Of a file: of its bytes, its name and `File`. Of a folder: of its children's digests in order of name.",
  }),
  children: optional(mapOf(Type.Unsafe<SnapshotNode>({ ref: "SnapshotNode" }))),
});

const aboutSnapshot = {
  id: Type.String({ format: "uuid", description: "The nil UUID when the workspace has no snapshot." }),
  parentId: optional(nullable(Type.String({ format: "uuid" }))),
  createdTime: optional(nullable(dateTime())),
  tags: optional(nullable(anyObject())),
  properties: optional(nullable(anyObject())),
};
export const SnapshotMetadata = model("SnapshotMetadata", { ...aboutSnapshot, root: SnapshotNode });
export type SnapshotMetadata = Static<typeof SnapshotMetadata>;

export const LatestSnapshot = model("LatestSnapshot", {
  ...aboutSnapshot,
  root: Type.Partial(SnapshotNode, { description: "Empty when the workspace has no snapshot." }),
});
export type LatestSnapshot = Static<typeof LatestSnapshot>;

export const FileNames = model("FileNames", {
  fileNames: Type.Array(Type.String(), { description: "Paths of the files that will be sent." }),
});
export type FileNames = Static<typeof FileNames>;

export const FileNodes = model("FileNodes", {
  fileNodes: Type.Array(
    model("FileNode", {
      fullName: Type.String({ description: "The path as it was asked for." }),
      blobUri: Type.String({ description: "A signed link to send the file to." }),
    }),
  ),
});
export type FileNodes = Static<typeof FileNodes>;

export const CreateSnapshot = model("CreateSnapshot", {
  parentSnapshotId: optional(
    Type.String({ description: "Files that were not sent are those of this snapshot." }),
  ),
  tags: optional(anyObject()),
  properties: optional(anyObject()),
  dirTreeNode: SnapshotNode,
  fileRevisionList: optional(
    model("FileRevisionList", {
      fileNodes: optional(
        Type.Array(
          model("FileRevision", {
            fullName: Type.String(),
            blobUri: Type.String(),
            fileSize: optional(integer({ format: "int64" })),
          }),
        ),
      ),
    }),
  ),
});

export const SnapshotCreated = model("SnapshotCreated", { id: Type.String({ format: "uuid" }) });

export const SnapshotZip = model("SnapshotZip", {
  zipSasUri: Type.String({ description: "A signed link to the snapshot as a zip." }),
});

/** A snapshot as the v2 SDK names code assets. */
export const SnapshotAsset = model("SnapshotAsset", { name: Type.String(), version: Type.String() });
