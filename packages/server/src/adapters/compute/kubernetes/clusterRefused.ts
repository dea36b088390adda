// What a cluster says no to: its status and words, as the driver acts on them.

/** The API server answered with an error that asking again does not help. `status`: of HTTP. `reason`: Kubernetes' word for it. */
export class ClusterRefused extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = "ClusterRefused";
    this.status = status;
    this.reason = reason;
  }
}

/** Whether the error is a refusal, with one of these statuses where some are named. */
export const isRefused = (error: unknown, ...statuses: readonly number[]): error is ClusterRefused =>
  error instanceof ClusterRefused && (statuses.length === 0 || statuses.includes(error.status));
