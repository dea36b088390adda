// Errors of who may ask, and of what the service itself, its engines and its machine can do now.
import type { Entry } from "./entry.ts";

export const SERVICE_CODES = {
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
  QuotaExceeded: {
    kind: "throttled",
    means: "The workspace, or this user in it, has as many runs as the settings of the service allow.",
    todo: "Wait until a run has ended, or a minute; the message says which. An operator raises quotas with --quota.",
  },
  EngineUnavailable: {
    kind: "unavailable",
    means: "The engine behind the compute target does not answer.",
    todo: "Ask again later.",
  },
  DatabaseUnavailable: {
    kind: "unavailable",
    means: "The database that holds the records does not answer, or was lost while it was asked.",
    todo: "Ask again later; the service connects again by itself. If it stays so, see whether the database runs and can be reached.",
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
  StorageAway: {
    kind: "unavailable",
    means: "The object storage that keeps the files does not answer, or has too much to do.",
    todo: "Ask again later. Runs wait for it by themselves and lose nothing.",
  },
  Unexpected: {
    kind: "fault",
    means: "A fault of the service itself.",
    todo: "Report it with the correlation id.",
  },
} as const satisfies Record<string, Entry>;
