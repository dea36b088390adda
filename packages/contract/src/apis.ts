// Every API of the wire, one namespace each. The order is that of the documentation.
export * as arm from "./arm/index.ts";
export * as artifact from "./artifact/index.ts";
export * as content from "./content/index.ts";
export * as datastore from "./datastore/index.ts";
export * as environment from "./environment/index.ts";
export * as execution from "./execution/index.ts";
export * as history from "./history/index.ts";
export * as malachite from "./malachite/index.ts";
export * as metric from "./metric/index.ts";
export * as mlflow from "./mlflow/index.ts";
export * as modelmanagement from "./modelmanagement/index.ts";
