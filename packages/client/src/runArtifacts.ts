// The files a run has kept: outputs, logs, and whatever was uploaded to it.
import type { PagedAsyncIterableIterator } from "@azure/core-paging";
import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { FileResponse } from "./executionApi.ts";
import type { Artifact, FileLink, Page, Run } from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { OperationOptions } from "./options.ts";
import { paged } from "./paging.ts";
import type { PathParameters } from "./transport/address.ts";
import type { ByteStream } from "./transport/byteStream.ts";
import type { FileBody } from "./transport/fileBody.ts";
import { rangeHeaders } from "./transport/ranges.ts";
import type { Transport } from "./transport/transport.ts";

export interface ListArtifactsOptions extends OperationOptions {
  /** Only those whose path begins with this, for instance `outputs/`. */
  prefix?: string;
}
export type GetArtifactOptions = OperationOptions;
export interface DownloadArtifactOptions extends OperationOptions {
  /** The first byte to send. Default: 0. */
  offset?: number;
  /** How many bytes to send. Default: all that follow. */
  count?: number;
  /** The part is wanted only of this version; when the file is another one by now, all of it is sent. */
  ifRange?: string;
}
export interface UploadArtifactOptions extends OperationOptions {
  /** Whether a file of that path is replaced. Default: false, and then it is an error. */
  allowOverwrite?: boolean;
  /** Is called with the bytes sent so far. A repeated attempt begins at 0 again. */
  onUploadProgress?: (bytesSent: number) => void;
}
export interface AppendArtifactOptions extends OperationOptions {
  /** Where the bytes must begin: a file of another size refuses them with statusCode 409. Malachite only. */
  offset?: number;
}

export interface DownloadZipOptions extends OperationOptions {
  /** Only files whose path begins with this, for instance `outputs/`. Default: all. */
  prefix?: string;
}
export interface ArtifactLinkOptions extends OperationOptions {
  /**
   * What a browser does with it: `attachment` (default) saves it; `inline` shows it, with its type by its name, in a sandbox where
   * nothing in it runs.
   */
  as?: "attachment" | "inline";
}

/** A file on its way. It can be read once, in one of the ways of FileResponse. */
export class ArtifactDownload extends FileResponse {
  /** Bytes to come, where the server told it. */
  readonly contentLength: number | undefined;
  /** Where in the file they begin: 0 when the server sends the whole file, whatever was asked for. */
  readonly offset: number;
  /** The size of the whole file, where the server told it. */
  readonly totalLength: number | undefined;
  readonly etag: string | undefined;

  /** @internal */
  constructor(response: PipelineResponse, body: ByteStream) {
    super(body, response.headers.get("content-type"));
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    const length = response.headers.get("content-length");
    this.contentLength = length === undefined ? undefined : Number(length);
    this.offset = response.status === 206 && range ? Number(range[1]) : 0;
    this.totalLength =
      response.status === 206
        ? range && range[2] !== "*"
          ? Number(range[2])
          : undefined
        : this.contentLength;
    this.etag = response.headers.get("etag");
  }
}

export class RunArtifacts {
  readonly #transport: Transport;
  readonly #path: PathParameters;
  readonly #getRun: (options: OperationOptions) => Promise<Run>;
  #container?: string;

  /** @internal Made by RunClient. */
  constructor(
    transport: Transport,
    path: PathParameters,
    getRun: (options: OperationOptions) => Promise<Run>,
  ) {
    this.#transport = transport;
    this.#path = path;
    this.#getRun = getRun;
  }

  list(options: ListArtifactsOptions = {}): PagedAsyncIterableIterator<Artifact, Page<Artifact>> {
    const { prefix } = options;
    const operation = prefix ? operations.listRunArtifactsUnderPath : operations.listRunArtifacts;
    return paged(options, ({ continuationToken }) =>
      this.#transport.json(operation, {
        path: this.#path,
        query: { path: prefix, continuationToken },
        retry: "always",
        options,
      }),
    );
  }

  /** What is known of a file. Throws RestError with statusCode 404 when there is none of that path. */
  get(path: string, options: GetArtifactOptions = {}): Promise<Artifact> {
    return this.#transport.json(operations.getRunArtifact, {
      path: this.#path,
      query: { path },
      retry: "always",
      options,
    });
  }

  /** A file, or a part of it. Throws RestError: statusCode 404 for no such file, 416 for a part that is not in it. */
  async download(path: string, options: DownloadArtifactOptions = {}): Promise<ArtifactDownload> {
    const { response, body } = await this.#transport.stream(operations.downloadArtifact, {
      path: await this.#address(options),
      query: { path },
      headers: rangeHeaders(options),
      retry: "always",
      options,
    });
    return new ArtifactDownload(response, body);
  }

  /** All files of the run, kept and growing, as a zip that the server makes while it sends it. Malachite only. */
  async downloadZip(options: DownloadZipOptions = {}): Promise<FileResponse> {
    const { prefix } = options;
    const call = { path: this.#path, query: { prefix }, retry: "always", options } as const;
    const { response, body } = await this.#transport.stream(operations.zipFiles, call);
    return new FileResponse(body, response.headers.get("content-type"));
  }

  /** A link to a file for a browser, which needs no token for it. Whoever has it can read the file. Malachite only. */
  link(path: string, options: ArtifactLinkOptions = {}): Promise<FileLink> {
    const query = { path, as: options.as };
    return this.#transport.json(operations.linkFiles, { path: this.#path, query, retry: "always", options });
  }

  /** A link to a zip of all files, or of those of a prefix. Malachite only. */
  zipLink(options: DownloadZipOptions = {}): Promise<FileLink> {
    const query = { prefix: options.prefix };
    return this.#transport.json(operations.linkFiles, { path: this.#path, query, retry: "always", options });
  }

  /** Keeps a file with the run. */
  async upload(path: string, content: FileBody, options: UploadArtifactOptions = {}): Promise<Artifact> {
    return this.#transport.json(operations.uploadArtifact, {
      path: await this.#address(options),
      query: { path, allowOverwrite: options.allowOverwrite },
      body: { content, contentType: "application/octet-stream" },
      // Without leave to overwrite, a second attempt would stumble over what the first one has stored.
      retry: options.allowOverwrite ? "always" : "unprocessed",
      onUploadProgress: options.onUploadProgress,
      options,
    });
  }

  /** Puts bytes at the end of a file, which is made if there is none. Never repeated when in doubt: bytes must not come twice. */
  async append(path: string, content: FileBody, options: AppendArtifactOptions = {}): Promise<Artifact> {
    return this.#transport.json(operations.uploadArtifact, {
      path: await this.#address(options),
      query: { path, append: true, index: options.offset },
      body: { content, contentType: "application/octet-stream" },
      retry: "unprocessed",
      options,
    });
  }

  async #address(options: OperationOptions): Promise<PathParameters> {
    // The container's name is the server's to choose; it never changes.
    const { abortSignal } = options;
    this.#container ??= (await this.#getRun({ abortSignal })).dataContainerId;
    if (this.#container === undefined) throw new Error(`Run ${this.#path.runId} has no artifact container.`);
    return { ...this.#path, origin: "ExperimentRun", container: this.#container };
  }
}
