// Every error code of the service, in one place. docs/errors.md is made from this list, and a test compares both ways.

/** What kind of trouble it is; http/plugins/errors.ts turns it into a status, nothing else does. */
export type ErrorKind =
  | "invalid"
  | "notFound"
  | "conflict"
  | "denied"
  | "throttled"
  | "unavailable"
  | "fault";

type Entry = { readonly kind: ErrorKind; readonly means: string; readonly todo: string };

export const CATALOGUE = {
  InvalidDefinition: {
    kind: "invalid",
    means: "The run definition has faults; `details` names each with its path.",
    todo: "Correct the named properties and send it again.",
  },
  UnsupportedField: {
    kind: "invalid",
    means: "The definition asks for something this service understands but does not do.",
    todo: "Remove the named property or choose a target that supports it.",
  },
  UnsupportedOperation: {
    kind: "invalid",
    means: "The operation is understood, and this service does not do it.",
    todo: "See the message for what to use instead.",
  },
  UnknownTarget: {
    kind: "invalid",
    means: "No compute target has that name.",
    todo: "Use one of the listed targets, or start the service with --target NAME=process.",
  },
  TargetTooSmall: {
    kind: "invalid",
    means: "The compute target has fewer nodes or GPUs than the definition asks for.",
    todo: "Ask for less, or use another of the listed targets.",
  },
  EngineRefused: {
    kind: "invalid",
    means: "The engine of a compute target did not take the run; the message has the engine's words.",
    todo: "Correct what the engine names: an image that it lacks, a device, a volume, a flag.",
  },
  InvalidRequest: {
    kind: "invalid",
    means: "A path, query or body value is not what the operation takes.",
    todo: "See `details` and openapi.json.",
  },
  InvalidRunId: {
    kind: "invalid",
    means: "The run id does not match ^[a-zA-Z0-9][\\w-]{0,255}$.",
    todo: "Choose another id, or send none and let the service make one.",
  },
  BadJson: { kind: "invalid", means: "The body is not JSON.", todo: "Send JSON in UTF-8." },
  BadMultipart: {
    kind: "invalid",
    means: "The multipart body is broken, or a part is missing.",
    todo: "Send one file part runDefinitionFile and one file part projectZipFile.",
  },
  UnsupportedMediaType: {
    kind: "invalid",
    means: "The Content-Type is not one the operation reads.",
    todo: "Send the content type that openapi.json names.",
  },
  BadArchive: {
    kind: "invalid",
    means: "The zip is broken, or an entry in it is not allowed.",
    todo: "Make the archive again from plain files and folders.",
  },
  BadPath: {
    kind: "invalid",
    means: "A path leads outside its folder or cannot be a file name.",
    todo: "Use a relative path with forward slashes.",
  },
  BadFilter: {
    kind: "invalid",
    means: "The filter or the order is not understood; the message tells the position.",
    todo: "Correct the expression.",
  },
  ExperimentNameTaken: {
    kind: "conflict",
    means: "The workspace has another experiment of that name.",
    todo: "Choose another name, or rename or delete the other experiment first.",
  },
  ExperimentNotEmpty: {
    kind: "conflict",
    means: "Only an experiment without runs can be deleted.",
    todo: "Archive it instead.",
  },
  BadContinuationToken: {
    kind: "invalid",
    means: "The continuation token was not made by this list.",
    todo: "Begin again without a token.",
  },
  BadRange: {
    kind: "invalid",
    means: "The byte range is not inside the file.",
    todo: "Ask for a range inside the size that the message tells.",
  },
  BadPattern: {
    kind: "invalid",
    means: "The regular expression is broken, or takes too long on a line of the log.",
    todo: "Correct or simplify it.",
  },
  FileChanged: {
    kind: "conflict",
    means: "The file is not the one that was read before: it was replaced, cut or rewritten.",
    todo: "Begin again without `since`.",
  },
  ContentMismatch: {
    kind: "invalid",
    means: "A content does not have the hash it was sent under.",
    todo: "Send it again.",
  },
  BadTree: {
    kind: "invalid",
    means: "The tree of a snapshot is broken; `target` is the path.",
    todo: "Make the snapshot again from the project folder.",
  },
  SnapshotIncomplete: {
    kind: "invalid",
    means: "A file of the tree was not sent and is not the same in the parent snapshot.",
    todo: "Send the named files, or the whole project without a parent.",
  },
  TooLarge: {
    kind: "invalid",
    means: "The JSON body is larger or deeper than the service reads.",
    todo: "Send less at once.",
  },
  ScriptNotFound: {
    kind: "invalid",
    means: "The script is not a file of the project.",
    todo: "Give the script's path relative to the project folder.",
  },
  BadPatch: {
    kind: "invalid",
    means: "An operation of the JSON Patch is not understood, or leads to what is not allowed.",
    todo: "Use add, replace, remove or test on the paths that the message names.",
  },
  PropertyImmutable: {
    kind: "invalid",
    means: "A property that is set cannot be changed.",
    todo: "Use a tag for what changes.",
  },
  InvalidMetric: {
    kind: "invalid",
    means: "A metric, or a value of it, is not what can be kept; the message tells which and why.",
    todo: "Correct the named metric and post it again; the others of the request were kept.",
  },
  ParamImmutable: {
    kind: "invalid",
    means: "A parameter that is logged cannot be changed.",
    todo: "Log it under another key, or use a tag for what changes.",
  },
  Deleted: {
    kind: "invalid",
    means: "MLflow's client deleted the run, experiment or model: nothing is logged to it.",
    todo: "Restore it first.",
  },
  TagNotFound: {
    kind: "notFound",
    means: "There is no tag of that key.",
    todo: "A tag that is not there need not be removed.",
  },
  LoggedModelNotFound: {
    kind: "notFound",
    means: "The workspace has no logged model of that id.",
    todo: "Check the id and the workspace.",
  },
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
  NotAuthenticated: {
    kind: "denied",
    means: "No bearer token was sent, or it is not valid.",
    todo: "Send Authorization: Bearer TOKEN.",
  },
  NotAllowed: {
    kind: "denied",
    means: "The token does not reach this.",
    todo: "Use a user's token; a run's token reaches that run alone.",
  },
  HostRefused: {
    kind: "denied",
    means: "The Host or Origin header names a place this service does not serve.",
    todo: "Call the address the service was started for.",
  },
  Throttled: {
    kind: "throttled",
    means: "Too many requests at once.",
    todo: "Wait as Retry-After says and ask again.",
  },
  EngineUnavailable: {
    kind: "unavailable",
    means: "The engine behind the compute target does not answer.",
    todo: "Ask again later.",
  },
  Stopping: { kind: "unavailable", means: "The service is stopping.", todo: "Ask again when it is up." },
  Busy: {
    kind: "unavailable",
    means: "Another server uses the data folder.",
    todo: "Stop it, or give another --data.",
  },
  EnvironmentFailed: {
    kind: "invalid",
    means: "The environment of the run could not be made; the message ends with the tool's own last words.",
    todo: "Read the build log of the run (azureml-logs/20_image_build_log.txt) and correct the dependencies.",
  },
  InterpreterNotFound: {
    kind: "invalid",
    means: "The python interpreter of the definition is not on this machine.",
    todo: "Set environment.python.interpreterPath to a python that is there.",
  },
  ProgramNotFound: {
    kind: "invalid",
    means: "A program that the framework or communicator of the definition needs is not on this machine.",
    todo: "Install it into the environment or on the machine, as the message says.",
  },
  StorageFailed: {
    kind: "fault",
    means: "The data folder cannot be read or written.",
    todo: "See the cause; check space and rights of the data folder.",
  },
  Unexpected: {
    kind: "fault",
    means: "A fault of the service itself.",
    todo: "Report it with the correlation id.",
  },
} as const satisfies Record<string, Entry>;

/** A code of the catalogue. */
export type Code = keyof typeof CATALOGUE;
