// The four operations of the Execution Service as the public client reference has them: same names, arguments and order.
// It adds nothing to the wire, so it works with every server of the contract.
import type { TokenCredential } from "@azure/core-auth";
import type { RunDefinition, StartRunResult } from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { ClientOptions, OperationOptions } from "./options.ts";
import { type ByteStream, bytesOf } from "./transport/byteStream.ts";
import type { FileBody } from "./transport/fileBody.ts";
import { Transport } from "./transport/transport.ts";

export interface RunsStartRunOptions extends OperationOptions {
  /** Is called with the bytes of the request sent so far. A repeated attempt begins at 0 again. */
  onUploadProgress?: (bytesSent: number) => void;
}
export type RunsStartSnapshotRunOptions = OperationOptions;
export type RunsStartLocalRunOptions = OperationOptions;
export type RunsCancelRunWithUriOptions = OperationOptions;

/** An answer that is a file. It can be read once, in one of these ways. */
export class FileResponse {
  /** The bytes as they arrive. */
  readonly stream: ByteStream;
  /** The media type the server gave. */
  readonly contentType: string | undefined;

  constructor(stream: ByteStream, contentType: string | undefined) {
    this.stream = stream;
    this.contentType = contentType;
  }

  /** All bytes, in memory. */
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return bytesOf(this.stream);
  }

  /** All bytes as a Blob. */
  async blob(): Promise<Blob> {
    return new Blob([await this.bytes()], { type: this.contentType ?? "application/octet-stream" });
  }
}

/** Starts and cancels runs. */
export class ExecutionApi {
  readonly #transport: Transport;

  /**
   * `credential` is a token, or anything of @azure/identity. Opens nothing; throws a TypeError for an endpoint that cannot
   * be used.
   */
  constructor(endpoint: string, credential: TokenCredential | string, options?: ClientOptions);
  /** @internal */
  constructor(transport: Transport);
  constructor(from: string | Transport, credential: TokenCredential | string = "", options?: ClientOptions) {
    this.#transport = typeof from === "string" ? new Transport(from, credential, options) : from;
  }

  /**
   * Starts a run of a zipped project. With a `runId` a failed attempt is repeated, since the service takes the same id twice
   * for the same run; without one it is repeated only if the server did nothing.
   */
  runsStartRun(
    subscriptionId: string,
    resourceGroupName: string,
    workspaceName: string,
    experimentName: string,
    runDefinitionFile: FileBody | RunDefinition,
    projectZipFile: FileBody,
    runId?: string,
    options: RunsStartRunOptions = {},
  ): Promise<StartRunResult> {
    const definition = isDefinition(runDefinitionFile)
      ? JSON.stringify(runDefinitionFile)
      : runDefinitionFile;
    return this.#transport.json(operations.startRun, {
      path: { subscriptionId, resourceGroupName, workspaceName, experimentName },
      query: { runId },
      files: [
        file("runDefinitionFile", "definition.json", "application/json", definition),
        file("projectZipFile", "project.zip", "application/zip", projectZipFile),
      ],
      retry: runId === undefined ? "unprocessed" : "always",
      onUploadProgress: options.onUploadProgress,
      options,
    });
  }

  /** Starts a run of a snapshot the service has; `definition.snapshotId` names it. Repeats as `runsStartRun` does. */
  runsStartSnapshotRun(
    subscriptionId: string,
    resourceGroupName: string,
    workspaceName: string,
    experimentName: string,
    definition: RunDefinition,
    runId?: string,
    options: RunsStartSnapshotRunOptions = {},
  ): Promise<StartRunResult> {
    return this.#transport.json(operations.startSnapshotRun, {
      path: { subscriptionId, resourceGroupName, workspaceName, experimentName },
      query: { runId },
      json: definition,
      retry: runId === undefined ? "unprocessed" : "always",
      options,
    });
  }

  /** Makes a run to be started on the caller's own machine: the answer is a zip with azureml-setup/Invocation.sh in it. */
  async runsStartLocalRun(
    subscriptionId: string,
    resourceGroupName: string,
    workspaceName: string,
    experimentName: string,
    definition: RunDefinition,
    runId?: string,
    options: RunsStartLocalRunOptions = {},
  ): Promise<FileResponse> {
    const { response, body } = await this.#transport.stream(operations.startLocalRun, {
      path: { subscriptionId, resourceGroupName, workspaceName, experimentName },
      query: { runId },
      json: definition,
      retry: runId === undefined ? "unprocessed" : "always",
      options,
    });
    return new FileResponse(body, response.headers.get("content-type"));
  }

  /** Asks for a run to end. To cancel a run that has ended is no error and changes nothing. */
  runsCancelRunWithUri(
    subscriptionId: string,
    resourceGroupName: string,
    workspaceName: string,
    experimentName: string,
    runId: string,
    options: RunsCancelRunWithUriOptions = {},
  ): Promise<StartRunResult> {
    return this.#transport.json(operations.cancelRun, {
      path: { subscriptionId, resourceGroupName, workspaceName, experimentName, runId },
      retry: "always",
      options,
    });
  }
}

const file = (name: string, filename: string, contentType: string, content: FileBody) => ({
  name,
  // A File has a name of its own, as files given by path have in the generated clients.
  filename: typeof File !== "undefined" && content instanceof File ? content.name : filename,
  contentType,
  content,
});

function isDefinition(value: FileBody | RunDefinition): value is RunDefinition {
  return (
    typeof value === "object" &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value)) &&
    !(Symbol.asyncIterator in value)
  );
}
