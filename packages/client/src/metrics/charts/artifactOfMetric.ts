// Where the file of a metric is: images and charts are logged as `aml://artifactId/ORIGIN/CONTAINER/PATH`.

export interface MetricArtifact {
  origin: string;
  /** `dcid.` and the run's id, for a run's own files. */
  container: string;
  path: string;
}

/** The file that a cell names; undefined for one that names none. */
export function artifactOfMetric(cell: unknown): MetricArtifact | undefined {
  if (typeof cell !== "string") return undefined;
  const [, origin, container, path] =
    /^(?:aml|azureml):\/\/artifactId\/([^/]+)\/([^/]+)\/(.+)$/s.exec(cell) ?? [];
  return origin && container && path ? { origin, container, path } : undefined;
}
