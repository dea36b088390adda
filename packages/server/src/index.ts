// The service as a library: start it, compose it with faults, read its settings.

export { withoutSecrets } from "@malachite/core";
export { scopeOf } from "./addresses.ts";
export { type Backup, backupData } from "./backup/backupData.ts";
export type { BackupNote } from "./backup/backupFolder.ts";
export {
  backupStores,
  readStoresNote,
  type StoresNote,
} from "./backup/backupStores.ts";
export { restoreData } from "./backup/restoreData.ts";
export { restoreStores } from "./backup/restoreStores.ts";
export { type App, type ComposeOptions, compose } from "./compose.ts";
export { type ServeOptions, type Serving, serve } from "./main.ts";
export { type ExportAsk, type Exported, exportWorkspace } from "./moving/exportWorkspace.ts";
export {
  giveUpWorkspace,
  type Imported,
  type ImportWorkspaceAsk,
  importWorkspace,
} from "./moving/importWorkspace.ts";
export { addTarget, readOption, type WrittenTarget } from "./settings/addTarget.ts";
export { DEFAULT_WORKSPACE, readSettings, SETTINGS, type Settings, settingsFileOf } from "./settings.ts";
export { VERSION } from "./version.ts";
