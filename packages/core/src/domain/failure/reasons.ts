// Why a run ended as it did: a closed list, and for each what follows. The status is never chosen anywhere else.

export type EndStatus = "Completed" | "Failed" | "Canceled";

type Consequence = {
  readonly status: EndStatus;
  readonly blame: "user" | "platform";
  /**
   * Whether it is started again, unchanged. `safely`: the script cannot have begun, so once in any case. `asked`: it may have had
   * effects, so only as often as the setting `retries` says.
   */
  readonly retry: "never" | "safely" | "asked";
  readonly text: string;
};

export const REASONS = {
  ExitedZero: {
    status: "Completed",
    blame: "user",
    retry: "never",
    text: "The script ended with exit code 0.",
  },
  EnvironmentReady: {
    status: "Completed",
    blame: "user",
    retry: "never",
    text: "The environment is ready; the run was to make it and nothing else.",
  },
  ExitedNonZero: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The script ended with a non-zero exit code.",
  },
  KilledBySignal: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The script was ended by a signal.",
  },
  OutOfMemory: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The script used more memory than it may and was killed.",
  },
  Canceled: { status: "Canceled", blame: "user", retry: "never", text: "The run was canceled." },
  EndedAsCompleted: {
    status: "Completed",
    blame: "user",
    retry: "never",
    text: "The run was stopped on request, to end as Completed.",
  },
  EndedAsFailed: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The run was stopped on request, to end as Failed.",
  },
  LetGo: {
    status: "Canceled",
    blame: "platform",
    retry: "never",
    text: "The run was let go of: its machine was not asked, and what still runs there runs on.",
  },
  OverTime: {
    status: "Canceled",
    blame: "user",
    retry: "never",
    text: "The run took longer than maxRunDurationSeconds or its compute target allows, and was stopped.",
  },
  EnvironmentFailed: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The environment of the run could not be made.",
  },
  DataFailed: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The data of the run could not be brought to it.",
  },
  ProjectLost: {
    status: "Failed",
    blame: "platform",
    retry: "never",
    text: "The snapshot of the run is damaged or gone.",
  },
  LaunchRefused: {
    status: "Failed",
    blame: "platform",
    retry: "safely",
    text: "The compute target did not take the run.",
  },
  StartFailed: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The command of the run could not be started.",
  },
  Vanished: {
    status: "Failed",
    blame: "platform",
    retry: "asked",
    text: "The process is gone and left no exit record, as after a power cut.",
  },
  TakenAway: {
    status: "Failed",
    blame: "platform",
    retry: "asked",
    text: "The engine ended the run before its script had ended, or lost the machine it ran on.",
  },
  Moved: {
    status: "Failed",
    blame: "platform",
    retry: "never",
    text: "The run had not ended when its workspace was exported from another service, which alone can go on with it.",
  },
  Preempted: {
    status: "Failed",
    blame: "platform",
    retry: "asked",
    text: "The engine ended the run to make room for another job.",
  },
  NodeFailed: {
    status: "Failed",
    blame: "platform",
    retry: "asked",
    text: "A node that the run was on has failed.",
  },
  Requeued: {
    status: "Failed",
    blame: "platform",
    retry: "asked",
    text: "The engine put the run back into its queue after its script had begun; it is not run twice.",
  },
  CanceledAtEngine: {
    status: "Canceled",
    blame: "user",
    retry: "never",
    text: "The job of the run was canceled at its engine, not by the service.",
  },
  FilesLost: {
    status: "Failed",
    blame: "platform",
    retry: "asked",
    text: "The folder of the run was lost while it ran, and with it how its script ended.",
  },
  ReportedFailed: {
    status: "Failed",
    blame: "user",
    retry: "never",
    text: "The code that owns the run reported that it failed.",
  },
  ReportedCompleted: {
    status: "Completed",
    blame: "user",
    retry: "never",
    text: "The code that owns the run reported that it completed.",
  },
  ReportedCanceled: {
    status: "Canceled",
    blame: "user",
    retry: "never",
    text: "The code that owns the run reported that it was canceled.",
  },
} as const satisfies Record<string, Consequence>;

export type FailureReason = keyof typeof REASONS;
