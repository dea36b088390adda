// Errors of what was sent: a definition, a body, a path, a filter, a value.
import type { Entry } from "./entry.ts";

export const REQUEST_CODES = {
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
  QuotaTooSmall: {
    kind: "invalid",
    means:
      "The definition asks for more nodes or GPUs than a quota lets its workspace, or its user, have at once.",
    todo: "Ask for fewer. An operator raises quotas with --quota.",
  },
  KeptBytesExceeded: {
    kind: "invalid",
    means:
      "The workspace, or this user in it, keeps as many bytes of files of runs as a quota allows: no run starts and no file is taken.",
    todo: "Remove files or runs that nobody needs, or ask an operator for malachite gc. An operator raises quotas with --quota.",
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
  BadExport: {
    kind: "invalid",
    means: "The file is no archive of `malachite export`, is damaged or cut, or holds what no workspace has.",
    todo: "Copy the file again, or export the workspace again. Nothing was changed.",
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
} as const satisfies Record<string, Entry>;
