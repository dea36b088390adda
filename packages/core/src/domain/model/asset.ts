// An asset names files that were kept as artifacts: what a registered model is made of. Types, and the two ways to say where.
import type { Instant, Scope } from "../scope.ts";

type Texts = Readonly<Record<string, string>>;

/** One file, or all whose `origin/container/path` begins so. */
export type AssetFiles = { readonly id?: string; readonly prefix?: string };

/** What may be changed of an asset. Its properties only grow. */
export type AssetContent = {
  readonly description?: string;
  readonly tags: Texts;
  readonly properties: Texts;
  readonly meta: Texts;
};
export type NewAsset = AssetContent & {
  readonly id: string;
  readonly name: string;
  readonly type?: string;
  readonly runId?: string;
  readonly files: readonly AssetFiles[];
};
export type Asset = NewAsset & {
  readonly scope: Scope;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
  /** Rises with every change: what a write is guarded by. */
  readonly revision: number;
};

export const ASSET_URL = "aml://asset/";

/** Origin of the files of runs. */
const RUN_FILES = "ExperimentRun";

/**
 * Where a model's files are as the artifact service writes it, from MLflow's URI of them: `runs:/R/p`, `mlflow-artifacts:/dcid.R/p`, the
 * plug-in's `azureml://…/runs/R/artifacts/p`. Undefined for files that are not a run's here.
 */
export function prefixOfSource(source: string): string | undefined {
  const run =
    /^runs:\/+([^/?#]+)\/([^?#]+)$/.exec(source) ??
    /^azureml:\/\/.*\/runs\/([^/?#]+)\/artifacts\/([^?#]+)$/.exec(source) ??
    /^mlflow-artifacts:(?:\/\/[^/?#]+)?\/+dcid\.([^/?#]+)\/([^?#]+)$/.exec(source);
  const [, runId, path] = run ?? [];
  return runId && path ? `${RUN_FILES}/dcid.${runId}/${path.replace(/\/+$/, "")}` : undefined;
}

/** The other way: MLflow's URI of an asset's files, when they are one file or folder of a run. */
export function sourceOfFiles(files: readonly AssetFiles[]): string | undefined {
  const [one, ...others] = files;
  const [origin, container, ...path] = (one?.prefix ?? one?.id ?? "").split("/");
  if (others.length > 0 || origin !== RUN_FILES || !container || path.length === 0) return undefined;
  return `mlflow-artifacts:/${container}/${path.join("/").replace(/\/+$/, "")}`;
}
