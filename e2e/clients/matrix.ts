// Which clients the service is held to, and with which Python. An entry is installed from PyPI at exactly these versions; what
// they in turn need is held by constraints/ID.txt.

/** The folders of flows/: one for each way to speak to the service. */
export type Client = "azureml_core" | "azureml_mlflow" | "mlflow";

export type Entry = {
  readonly id: string;
  readonly client: Client;
  /** As the table of docs/compatibility.md names it. */
  readonly shown: string;
  readonly python: string;
  readonly packages: readonly string[];
  /** What `malachite env` is told for this client. */
  readonly env?: readonly string[];
};

export const MATRIX: readonly Entry[] = [
  {
    id: "azureml-core-1.61",
    client: "azureml_core",
    shown: "azureml-core 1.61.0.post4",
    python: "3.11",
    packages: ["azureml-core==1.61.0.post4", "numpy", "matplotlib"],
  },
  {
    id: "azureml-core-1.47",
    client: "azureml_core",
    shown: "azureml-core 1.47.0",
    python: "3.8",
    packages: ["azureml-core==1.47.0", "numpy", "matplotlib"],
  },
  {
    id: "azureml-core-1.37",
    client: "azureml_core",
    shown: "azureml-core 1.37.0",
    python: "3.7",
    packages: ["azureml-core==1.37.0", "numpy"],
    env: ["--old-sdk"],
  },
  {
    id: "azureml-core-1.0.85",
    client: "azureml_core",
    shown: "azureml-core 1.0.85",
    python: "3.7",
    packages: ["azureml-core==1.0.85", "numpy"],
    env: ["--old-sdk"],
  },
  {
    id: "azureml-core-1.0.10",
    client: "azureml_core",
    shown: "azureml-core 1.0.10",
    python: "3.7",
    packages: ["azureml-core==1.0.10", "numpy"],
    env: ["--old-sdk"],
  },
  {
    id: "azureml-mlflow-1.62",
    client: "azureml_mlflow",
    shown: "azureml-mlflow 1.62.0.post6",
    python: "3.11",
    packages: ["azureml-core==1.61.0.post4", "azureml-mlflow==1.62.0.post6", "mlflow-skinny==3.15.0"],
  },
  {
    id: "mlflow-2.22",
    client: "mlflow",
    shown: "mlflow 2.22.0",
    python: "3.10",
    packages: ["mlflow==2.22.0"],
  },
  {
    id: "mlflow-3.15",
    client: "mlflow",
    shown: "mlflow 3.15.0",
    python: "3.11",
    packages: ["mlflow==3.15.0"],
  },
];

/** The entry of that id. */
export function entryOf(id: string): Entry {
  const entry = MATRIX.find((one) => one.id === id);
  if (!entry) throw new Error(`There is no client '${id}' in the matrix.`);
  return entry;
}
