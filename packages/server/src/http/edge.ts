// What the HTTP edge is given: the flow it calls, who may call it, and the numbers it works by. Types only.
import type { malachite, Operation } from "@malachite/contract";
import type { AuditLog, Clock, Flow, Log, Principal, Upload } from "@malachite/core";
import type { Auth } from "./auth/auth.ts";
import type { MetricPosts } from "./metricPosts.ts";
import type { Correlation } from "./plugins/errors.ts";
import type { Turns } from "./plugins/turns.ts";
import type { SdkStatus } from "./sdkStatus.ts";

/** Streams a request body to a file of the service. Throws StorageFailed; leaves nothing behind when it throws. */
export type Spool = (stream: AsyncIterable<Uint8Array>, folder: string) => Promise<Upload>;

/** What the server shows to clients that speak TLS: a key and its certificate, in PEM. */
export type CertificateSource = {
  /** What clients are to trust, in PEM. */
  readonly authority: string;
  current(): { readonly key: string; readonly certificate: string };
  /** Is called with each new one. */
  onRenewal(take: (pair: { readonly key: string; readonly certificate: string }) => void): void;
};

/** Settings of the edge. compose fills them from the service's settings. */
export type HttpSettings = {
  /** The built pages. Absent: there are none. */
  readonly webFolder?: URL;
  /** The version of the program, as /healthz shows it. */
  readonly version: string;
  /** Where request bodies are streamed to. Must exist. */
  readonly uploadsFolder: string;
  /** Base URL that answers point to, without a slash at its end. Absent: made from the request's Host. */
  readonly publicUrl?: string;
  /** Names, beside loopback names and plain IP addresses, under which the service may be called. No ports. */
  readonly publicHosts?: readonly string[];
  /** Origins (`https://host:port`) of web pages, beside the service's own, that may call it from a browser. */
  readonly allowedOrigins?: readonly string[];
  /** Whether CONNECT to any host is passed on (azureHost.ts). Default false. */
  readonly passesOn?: boolean;
  /** The largest JSON body. Default 64 MiB. */
  readonly jsonLimitBytes?: number;
  /** The largest run definition in a multipart form. Default 16 MiB. */
  readonly definitionLimitBytes?: number;
  /** How often an event stream says that it is alive. Default 15 s. */
  readonly heartbeatMs?: number;
  /** How long a connection may say nothing, take for a handshake, and take for the headers of a request. Default 20 s each. */
  readonly silentAfterMs?: number;
  /** How long a request body may make no progress before its connection is cut. Default 60 s. */
  readonly stalledAfterMs?: number;
};

/** A request whose head has come. */
export type BegunRequest = {
  readonly method: string;
  /** The address with the names of its parameters, `{runId}`; the same for all requests of an operation. */
  readonly route: string;
  readonly traceparent: string | undefined;
  readonly correlation: Correlation;
};

/** A request that was answered, or whose client went away. */
export type AnsweredRequest = BegunRequest & {
  readonly operation: Operation | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly ms: number;
  /** What was sent, head and all. */
  readonly bytes: number;
  /** The answer told news for as long as its reader wanted: how long that was says nothing. */
  readonly isStream: boolean;
  /** Nobody where the address asks for no token, or none was good. */
  readonly by: Principal | undefined;
  /** The address of the caller. */
  readonly from: string;
};

/** Who looks on at requests, as a meter, a trace and a log do. It never changes an answer. */
export type RequestWatch = {
  /** Calls `next`, within which all of the request happens. */
  begun(request: BegunRequest, next: () => void): void;
  answered(request: AnsweredRequest): void;
};

export type ServiceState = malachite.ServiceStatus["status"];

/** The service as those who run it see and change it. */
export type ServiceControl = {
  /** Answers at once. */
  state(): ServiceState;
  /** Answers within seconds. */
  readiness(): Promise<malachite.Readiness>;
  status(): malachite.ServiceStatus;
  change(change: malachite.ServiceChange, by: Principal): void;
  /** Writes a target into the settings file, and takes it. Throws InvalidRequest and NotOffered; see followSettings.ts. */
  addTarget(
    name: string,
    target: { readonly kind: string } & Readonly<Record<string, unknown>>,
    how: { readonly replace: boolean },
  ): { readonly file: string };
};

/** All that the edge asks for. */
export type HttpParts = {
  readonly flow: Flow;
  readonly auth: Auth;
  readonly log: Log;
  readonly clock: Clock;
  readonly spool: Spool;
  /** True while the service takes work. */
  readonly ready: () => boolean;
  readonly service: ServiceControl;
  readonly audit: AuditLog;
  readonly watches?: readonly RequestWatch[];
  /** Whether the connection is one that only runs are to use. */
  readonly isOfRuns?: (socket: { readonly remotePort?: number | undefined }) => boolean;
  /** Absent: the server speaks HTTP alone. */
  readonly certificates?: CertificateSource;
  readonly settings: HttpSettings;
};

/** The parts with the defaults filled in, as routes see them. */
export type Edge = Omit<HttpParts, "settings"> & {
  readonly settings: HttpSettings &
    Required<
      Pick<HttpSettings, "jsonLimitBytes" | "definitionLimitBytes" | "heartbeatMs" | "stalledAfterMs">
    >;
  /** Aborts when the server begins to close: event streams end then. */
  readonly closing: AbortSignal;
  /** Pieces that are added to one file come one after another, so that none is added twice. */
  readonly turns: Turns;
  readonly metricPosts: MetricPosts;
  /** What the v1 SDK is told of how far a run is. */
  readonly sdkStatus: SdkStatus;
};
