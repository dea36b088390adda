// What needs a disk: submitting a folder, and keeping a run's files in one. For Node only.
export {
  type DownloadProgress,
  type DownloadRunOptions,
  type DownloadRunResult,
  downloadRun,
} from "./downloadRun.ts";
export { UnsafePathError } from "./localPath.ts";
export type { ProjectProgress, ProjectWarning } from "./progress.ts";
export { type HashedFile, type Project, type ProjectFilesOptions, projectFiles } from "./projectFiles.ts";
export {
  type FolderSubmission,
  type SendFolderOptions,
  type SentFolder,
  type SubmitFolderOptions,
  sendFolder,
  submitFolder,
} from "./submitFolder.ts";
export type { FoundFile, LeftOut, WalkOptions } from "./walk.ts";
export { ProjectError } from "./walk.ts";
