// Data of runs, from and to storages of all kinds.

export { createDataCarrier, type DataCarrierOptions, type NamedStorage } from "./dataCarrier.ts";
export { createRemoteMounts, type RemoteMounts } from "./mounts/remoteMounts.ts";
