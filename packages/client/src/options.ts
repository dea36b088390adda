// What every operation of the client takes as its last argument.
import type { AbortSignalLike } from "@azure/abort-controller";
import type { PipelineOptions, PipelineResponse } from "@azure/core-rest-pipeline";

export interface OperationOptions {
  /** Ends the operation with an AbortError. What the server has begun goes on. */
  abortSignal?: AbortSignalLike;
  requestOptions?: {
    /** Headers to send besides the client's own. */
    customHeaders?: Record<string, string>;
    /** How long one attempt may take, until its answer is there. Default: no limit. */
    timeoutInMs?: number;
  };
  /** Is called with each answer, good or bad, before it is read. */
  onResponse?: (response: PipelineResponse) => void;
}

export interface ClientOptions extends PipelineOptions {
  /** Allows a plain http endpoint on another machine. The token crosses the network in clear text then. Default: false. */
  allowInsecureConnection?: boolean;
  /** What a TokenCredential is asked for. Default: https://management.azure.com/.default */
  scopes?: string | string[];
}
