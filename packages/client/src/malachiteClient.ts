// The way in: a service, and the workspaces on it.
import type { TokenCredential } from "@azure/core-auth";
import { ExecutionApi } from "./executionApi.ts";
import type {
  AddedTarget,
  AuditPage,
  GarbagePage,
  Health,
  ServiceChange,
  ServiceStatus,
  TargetAsk,
  Workspace,
  WorkspaceAddress,
} from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { ClientOptions, OperationOptions } from "./options.ts";
import { type RunPoller, type RunPollerOptions, readPollerState } from "./runPoller.ts";
import { Transport } from "./transport/transport.ts";
import { WorkspaceClient } from "./workspaceClient.ts";

export type GetHealthOptions = OperationOptions;
export type ListWorkspacesOptions = OperationOptions;
export type ServiceOptions = OperationOptions;
export type CollectGarbageOptions = OperationOptions & {
  /** Only tells what would go. */
  readonly dryRun?: boolean;
  /** The `next` of the page before. */
  readonly after?: string;
};
export type GetAuditOptions = OperationOptions & {
  /** Nothing before this. */
  readonly since?: Date;
  /** The name or the object id of who did it. */
  readonly who?: string;
  readonly runId?: string;
  /** Only operations whose id begins with this. */
  readonly operation?: string;
  readonly limit?: number;
  readonly after?: string;
};

/** A client of one service. Holds no connection of its own, so there is nothing to close. */
export class MalachiteClient {
  readonly #transport: Transport;
  /** The four operations of the Execution Service, as they are. */
  readonly execution: ExecutionApi;

  /**
   * `endpoint` is the base URL, for instance http://127.0.0.1:7464; `credential` is a token, or anything of @azure/identity.
   * Opens nothing; throws a TypeError for an endpoint that cannot be used.
   */
  constructor(endpoint: string, credential: TokenCredential | string, options: ClientOptions = {}) {
    this.#transport = new Transport(endpoint, credential, options);
    this.execution = new ExecutionApi(this.#transport);
  }

  /** The base URL, without a slash at its end. */
  get endpoint(): string {
    return this.#transport.endpoint;
  }

  /** One workspace. Sends nothing: a workspace that does not exist is told about by its first operation. */
  workspace(address: WorkspaceAddress): WorkspaceClient {
    return new WorkspaceClient(this.#transport, address);
  }

  /** Every workspace that was made or written to. */
  async listWorkspaces(options: ListWorkspacesOptions = {}): Promise<Workspace[]> {
    const call = { retry: "always", options } as const;
    const subscriptions = await this.#transport.json<{ value: { subscriptionId: string }[] }>(
      operations.listSubscriptions,
      { ...call, path: {} },
    );
    const found: Workspace[] = [];
    for (const { subscriptionId } of subscriptions.value) {
      const path = { subscriptionId };
      found.push(
        ...(await this.#transport.json<{ value: Workspace[] }>(operations.listWorkspaces, { ...call, path }))
          .value,
      );
    }
    return found;
  }

  /** Whether the service takes work. Needs no token; Malachite only. */
  getHealth(options: GetHealthOptions = {}): Promise<Health> {
    return this.#transport.json(operations.health, { path: {}, retry: "always", options });
  }

  /** What the service is doing. For operators; Malachite only. */
  getService(options: ServiceOptions = {}): Promise<ServiceStatus> {
    return this.#transport.json(operations.getService, { path: {}, retry: "always", options });
  }

  /** Drains the service or lets it go on; changes what it logs. For operators; Malachite only. */
  changeService(change: ServiceChange, options: ServiceOptions = {}): Promise<ServiceStatus> {
    return this.#transport.json(operations.changeService, {
      path: {},
      json: change,
      retry: "always",
      options,
    });
  }

  /**
   * Writes a compute target into the settings file of the server that answers, which has it at once; `getTarget` of a workspace tells
   * whether it is usable. May be repeated. For operators; Malachite only.
   */
  addTarget(name: string, target: TargetAsk, options: ServiceOptions = {}): Promise<AddedTarget> {
    return this.#transport.json(operations.addTarget, {
      path: { name },
      json: target,
      retry: "always",
      options,
    });
  }

  /** Who did what, the newest first, a page; `after` is the `next` of the page before. For operators; Malachite only. */
  getAuditPage({
    since,
    who,
    runId,
    operation,
    limit,
    after,
    ...options
  }: GetAuditOptions = {}): Promise<AuditPage> {
    const query = { since: since?.toISOString(), who, runId, operation, limit, after };
    return this.#transport.json(operations.audit, { path: {}, query, retry: "always", options });
  }

  /** Removes a page of what the policies of retention let go, or only tells of it. For operators; Malachite only. */
  collectGarbage({ dryRun, after, ...options }: CollectGarbageOptions = {}): Promise<GarbagePage> {
    return this.#transport.json(operations.collectGarbage, {
      path: {},
      json: { dryRun, after },
      retry: "always",
      options,
    });
  }

  /** The poller that an earlier `poller.toString()` describes, in any process, against the same service. */
  resumePoller(serialized: string, options: RunPollerOptions = {}): RunPoller {
    const { workspace, runId, experimentName } = readPollerState(serialized);
    return this.workspace(workspace).run(runId, { experimentName }).poller(options);
  }
}
