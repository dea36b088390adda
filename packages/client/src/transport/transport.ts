// Sends operations of the contract through the Azure SDK's pipeline, which is loaded by the first request: importing the
// client must cost next to nothing.
import type { TokenCredential } from "@azure/core-auth";
import type {
  HttpClient,
  Pipeline,
  PipelinePolicy,
  PipelineRequest,
  PipelineResponse,
  PipelineRetryOptions,
} from "@azure/core-rest-pipeline";
import { accountOf } from "../errors.ts";
import type { ClientOptions, OperationOptions } from "../options.ts";
import {
  addressOf,
  type CalledOperation,
  isLoopback,
  type PathParameters,
  type QueryValue,
  readEndpoint,
} from "./address.ts";
import { bearerPolicy, tokenSource } from "./bearer.ts";
import { type ByteStream, emptyStream, streamOf } from "./byteStream.ts";
import { type FileBody, isReplayable, type MultipartFile, multipartOf, sendable } from "./fileBody.ts";
import { type RetryMode, retryDelay } from "./retry.ts";

/** What one call carries besides the operation itself. */
export type Call = {
  readonly path: PathParameters;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly json?: unknown;
  readonly body?: { readonly content: FileBody; readonly contentType: string };
  readonly files?: readonly MultipartFile[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly retry: RetryMode;
  /** Hands the body of a good answer out as a stream instead of reading it. */
  readonly stream?: boolean;
  readonly onUploadProgress?: (bytesSent: number) => void;
  readonly options?: OperationOptions;
};

type Library = typeof import("@azure/core-rest-pipeline");
type Loaded = { readonly library: Library; readonly pipeline: Pipeline; readonly http: HttpClient };
type About = { readonly retry: RetryMode; readonly token: boolean };

const DEFAULT_SCOPE = "https://management.azure.com/.default";
const USER_AGENT = "malachite-client/0.1.0";

export class Transport {
  readonly endpoint: string;
  readonly #tokens: ReturnType<typeof tokenSource>;
  readonly #options: ClientOptions;
  /** What the policies must know of a request; they see the same object that we made. */
  readonly #about = new WeakMap<PipelineRequest, About>();
  #loaded?: Promise<Loaded>;

  /** Throws a TypeError for an endpoint that cannot be used. Opens nothing. */
  constructor(endpoint: string, credential: TokenCredential | string, options: ClientOptions = {}) {
    this.endpoint = readEndpoint(endpoint, options.allowInsecureConnection);
    this.#tokens = tokenSource(credential, options.scopes ?? DEFAULT_SCOPE);
    this.#options = options;
  }

  /** Calls an operation and reads its JSON answer. Throws RestError for every answer that is not 2xx. */
  async json<T>(operation: CalledOperation, call: Call): Promise<T> {
    const response = await this.send(operation, call);
    const { library } = await this.#load();
    try {
      return JSON.parse(response.bodyAsText ?? "") as T;
    } catch {
      const type = response.headers.get("content-type") ?? "no content type";
      throw new library.RestError(
        `${operation.id} was answered with something that is not JSON (${type}). Is ${this.endpoint} the right address?`,
        { code: "PARSE_ERROR", statusCode: response.status, request: response.request, response },
      );
    }
  }

  /** Calls an operation whose answer is a stream. */
  async stream(
    operation: CalledOperation,
    call: Call,
  ): Promise<{ response: PipelineResponse; body: ByteStream }> {
    const response = await this.send(operation, { ...call, stream: true });
    return { response, body: (await streamOf(response)) ?? emptyStream() };
  }

  /** Calls an operation. Throws RestError for every answer that is not 2xx. */
  async send(operation: CalledOperation, call: Call): Promise<PipelineResponse> {
    const url = addressOf(this.endpoint, operation, call.path, call.query);
    const { library } = await this.#load();
    const request = library.createPipelineRequest({
      url,
      method: operation.method,
      headers: library.createHttpHeaders({
        accept: ACCEPT[operation.answer],
        ...call.headers,
        ...call.options?.requestOptions?.customHeaders,
      }),
    });
    if (call.json !== undefined) {
      request.body = JSON.stringify(call.json);
      request.headers.set("content-type", "application/json");
    } else if (call.body) {
      request.body = sendable(call.body.content);
      request.headers.set("content-type", call.body.contentType);
    } else if (call.files) {
      request.multipartBody = multipartOf(call.files, library.createHttpHeaders);
      request.headers.set("content-type", "multipart/form-data");
    }
    const replayable =
      isReplayable(call.body?.content) && (call.files ?? []).every((f) => isReplayable(f.content));
    return this.#run(request, call, { retry: replayable ? call.retry : "never", token: true });
  }

  /** Fetches a URL that the server handed out, without the token. Throws RestError as `send` does. */
  async fetchLink(
    url: string,
    call: Pick<Call, "headers" | "options" | "stream">,
  ): Promise<PipelineResponse> {
    const { library } = await this.#load();
    const request = library.createPipelineRequest({
      url: new URL(url, this.endpoint).href,
      method: "GET",
      headers: library.createHttpHeaders({ ...call.headers, ...call.options?.requestOptions?.customHeaders }),
    });
    return this.#run(request, call, { retry: "always", token: false });
  }

  async #run(
    request: PipelineRequest,
    call: Pick<Call, "options" | "stream" | "onUploadProgress">,
    about: About,
  ): Promise<PipelineResponse> {
    const { library, pipeline, http } = await this.#load();
    const url = new URL(request.url);
    request.allowInsecureConnection =
      this.#options.allowInsecureConnection === true || isLoopback(url.hostname);
    request.timeout = call.options?.requestOptions?.timeoutInMs ?? 0;
    if (call.options?.abortSignal) request.abortSignal = call.options.abortSignal;
    if (call.stream) {
      request.streamResponseStatusCodes = new Set([200, 206]);
      request.enableBrowserStreams = true;
    }
    const { onUploadProgress } = call;
    if (onUploadProgress) request.onUploadProgress = ({ loadedBytes }) => onUploadProgress(loadedBytes);
    this.#about.set(request, about);
    const response = await pipeline.sendRequest(http, request);
    call.options?.onResponse?.(response);
    if (response.status >= 200 && response.status < 300) return response;
    const { message, code, details } = accountOf(response);
    const error = new library.RestError(message, { code, statusCode: response.status, request, response });
    error.details = details;
    throw error;
  }

  #load(): Promise<Loaded> {
    this.#loaded ??= this.#assemble();
    return this.#loaded;
  }

  async #assemble(): Promise<Loaded> {
    const library = await import("@azure/core-rest-pipeline");
    const { allowInsecureConnection: _, scopes: __, ...options } = this.#options;
    const prefix = [options.userAgentOptions?.userAgentPrefix, USER_AGENT].filter(Boolean).join(" ");
    const pipeline = library.createPipelineFromOptions({
      ...options,
      userAgentOptions: { ...options.userAgentOptions, userAgentPrefix: prefix },
    });
    pipeline.removePolicy({ name: "defaultRetryPolicy" });
    pipeline.addPolicy(retryPolicy(library, options.retryOptions ?? {}, this.#about), { phase: "Retry" });
    const origin = new URL(this.endpoint).origin;
    pipeline.addPolicy(
      bearerPolicy(origin, this.#tokens, (request) => this.#about.get(request)?.token === true),
      { phase: "Sign" },
    );
    pipeline.addPolicy(identityPolicy(), { phase: "Sign" });
    return { library, pipeline, http: library.createDefaultHttpClient() };
  }
}

/**
 * Offsets into a streamed answer are offsets into the file, and its length is the file's: nothing may be compressed on the
 * way. The library asks for compression with each request, so this comes after it.
 */
const identityPolicy = (): PipelinePolicy => ({
  name: "malachiteIdentityPolicy",
  sendRequest(request, next) {
    if (request.streamResponseStatusCodes?.size) request.headers.set("accept-encoding", "identity");
    return next(request);
  },
});

function retryPolicy(
  library: Library,
  options: PipelineRetryOptions,
  about: WeakMap<PipelineRequest, About>,
): ReturnType<Library["retryPolicy"]> {
  const policyFor = (mode: RetryMode) =>
    library.retryPolicy(
      [
        {
          name: "malachiteRetryStrategy",
          retry: (outcome) => {
            const wait = retryDelay(mode, outcome, options);
            if (wait !== undefined) return { retryAfterInMs: wait };
            return outcome.responseError ? { errorToThrow: outcome.responseError } : { skipStrategy: true };
          },
        },
      ],
      { maxRetries: mode === "never" ? 0 : (options.maxRetries ?? 3) },
    );
  const policies = {
    always: policyFor("always"),
    unprocessed: policyFor("unprocessed"),
    never: policyFor("never"),
  };
  return {
    name: "malachiteRetryPolicy",
    sendRequest: (request, next) => policies[about.get(request)?.retry ?? "never"].sendRequest(request, next),
  };
}

const ACCEPT = {
  json: "application/json",
  empty: "application/json",
  bytes: "application/octet-stream, */*",
  events: "text/event-stream",
} as const satisfies Record<CalledOperation["answer"], string>;
