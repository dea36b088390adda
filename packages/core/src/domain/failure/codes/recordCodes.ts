// Errors of what is there or is not: runs, experiments, files, models, and what they are already.
import type { Entry } from "./entry.ts";

export const RECORD_CODES = {
  RouteNotFound: {
    kind: "notFound",
    means: "No operation has this address and method.",
    todo: "See openapi.json.",
  },
  RunNotFound: {
    kind: "notFound",
    means: "The workspace has no run of that id.",
    todo: "Check the id and the workspace.",
  },
  NothingToLetGo: {
    kind: "conflict",
    means: "A run is to be let go of that has ended, and whose compute target owes nothing any more.",
    todo: "Nothing: it holds no place.",
  },
  RunNotStarted: {
    kind: "conflict",
    means: "A run is to be let go of that waits for its turn and is on no machine.",
    todo: "Cancel it: that ends it at once.",
  },
  RunExecutedElsewhere: {
    kind: "conflict",
    means: "A run is to be let go of that others execute, so this service waits for no machine of it.",
    todo: "Post its status, or cancel it.",
  },
  ExperimentNotFound: {
    kind: "notFound",
    means: "The workspace has no experiment of that name or id.",
    todo: "It is created by its first run.",
  },
  WorkspaceNotFound: {
    kind: "notFound",
    means: "The workspace does not exist; where a write was to make it, the settings forbid that.",
    todo: "Make it with `malachite workspace create`, or use one of those there are.",
  },
  WorkspaceExists: {
    kind: "conflict",
    means: "A workspace is to be imported, and one of its name is there already and not empty.",
    todo: "Import it into another service, or into one where the workspace is new or empty.",
  },
  ImportUnfinished: {
    kind: "conflict",
    means: "The workspace is being imported, or an import of it was begun and not finished.",
    todo: "Import the same archive again, which finishes it, or give it up with `malachite import --give-up`.",
  },
  SubscriptionNotFound: {
    kind: "notFound",
    means: "No workspace is in that subscription or resource group.",
    todo: "Make one there with `malachite workspace create`, or name another.",
  },
  ComputeNotFound: {
    kind: "notFound",
    means: "The settings name no compute target of that name.",
    todo: "Start the service with --target NAME=process, or use one of those there are.",
  },
  NotOffered: {
    kind: "invalid",
    means: "Azure does this, Malachite does not.",
    todo: "Do what the message says instead.",
  },
  SnapshotNotFound: {
    kind: "notFound",
    means: "The workspace has no snapshot of that id.",
    todo: "Send the project again.",
  },
  ArtifactNotFound: {
    kind: "notFound",
    means: "The run has no file of that path.",
    todo: "List the run's artifacts to see its files.",
  },
  LaunchEnded: {
    kind: "conflict",
    means: "The launch that sends files has ended, or another attempt of its run is at work.",
    todo: "Nothing: the machine of that launch stops by itself.",
  },
  ModelNotFound: {
    kind: "notFound",
    means: "The workspace has no model of that name, version or alias.",
    todo: "List the models of the workspace; register the model first.",
  },
  ModelExists: {
    kind: "conflict",
    means: "A registered model has that name.",
    todo: "Make a new version of it, or choose another name.",
  },
  EnvironmentNotFound: {
    kind: "notFound",
    means: "The workspace has no environment of that name, version or label.",
    todo: "List the environments of the workspace, or register it first.",
  },
  EnvironmentExists: {
    kind: "conflict",
    means: "That version of the environment has another content; versions never change.",
    todo: "Register it without a version (in the SDK: set environment.version to None) to get the next one.",
  },
  MetricNotFound: {
    kind: "notFound",
    means: "The run has no metric of that name.",
    todo: "List the run's metrics to see their names.",
  },
  BlobNotFound: {
    kind: "notFound",
    means: "The storage container has no blob of that name.",
    todo: "List the container to see its blobs.",
  },
  BlobExists: {
    kind: "conflict",
    means: "There is a blob of that name and the request asked for none to be there.",
    todo: "Overwrite it, or choose another name.",
  },
  BlobTypeMismatch: {
    kind: "conflict",
    means: "The blob is of another type (block or append) than the operation works on.",
    todo: "Write the blob anew with the type that is wanted.",
  },
  BadBlockList: {
    kind: "invalid",
    means: "A block of the list was not staged, or its id is not base64 of at most 64 bytes.",
    todo: "Stage the blocks again, then commit.",
  },
  TooManyBlocks: {
    kind: "conflict",
    means: "A blob has more blocks than there may be: 50,000 in one blob, 100,000 staged.",
    todo: "Send larger blocks.",
  },
  ConditionNotMet: {
    kind: "conflict",
    means: "The blob is not, or no longer, as the condition of the request asks.",
    todo: "Look at the blob again and decide anew.",
  },
  AppendPositionMismatch: {
    kind: "conflict",
    means: "The piece was to begin at another place than the end of the blob.",
    todo: "Ask for the blob's size; the piece may have come already.",
  },
  AppendTooLong: {
    kind: "conflict",
    means: "With this piece the blob would be longer than the request allows.",
    todo: "Begin another blob.",
  },
  ContainerExists: {
    kind: "conflict",
    means: "There is a storage container of that name already.",
    todo: "Use it.",
  },
  LinkRefused: {
    kind: "denied",
    means: "The signed link was changed, has ended, or is for something else.",
    todo: "Ask for a new link.",
  },
  LinkTooNarrow: {
    kind: "denied",
    means: "The signed link does not allow this operation.",
    todo: "Ask for a link that does: one to write is not one to list.",
  },
  DatastoreNotFound: {
    kind: "notFound",
    means: "The workspace has no datastore of that name.",
    todo: "List the datastores of the workspace, or register it first.",
  },
  DatastoreExists: {
    kind: "invalid",
    means: "A datastore has that name; names are the same in any case.",
    todo: "Register it with overwrite, or choose another name.",
  },
  DatastoreFixed: {
    kind: "conflict",
    means: "The datastore belongs to every workspace; it is not changed or removed.",
    todo: "Register one of your own, and make it the default.",
  },
  DataUnreachable: {
    kind: "invalid",
    means:
      "Data of a run, or the storage it is in, cannot be read or written; the message tells which and why.",
    todo: "Check the datastore's address and key, the path, and what the service may reach (docs/data.md).",
  },
  AssetNotFound: {
    kind: "notFound",
    means: "The workspace has no asset of that id.",
    todo: "Create the asset first; a model's url names it.",
  },
  ArtifactExists: {
    kind: "conflict",
    means: "The file exists and allowOverwrite is not true.",
    todo: "Choose another path or pass allowOverwrite=true.",
  },
  SnapshotExists: {
    kind: "conflict",
    means: "Another snapshot with other files has this id.",
    todo: "Choose a new id.",
  },
  RunIdTaken: {
    kind: "conflict",
    means: "Another run has this id.",
    todo: "Choose another id; the same submission sent again would have been answered as the same run.",
  },
  RunEnded: {
    kind: "conflict",
    means: "The run has ended and its status cannot change.",
    todo: "Start a new run.",
  },
  StatusOwned: {
    kind: "conflict",
    means: "The service runs this run itself and alone decides its status.",
    todo: "Cancel the run instead.",
  },
} as const satisfies Record<string, Entry>;
