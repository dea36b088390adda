// What an operation of the wire is, as data: the server routes by it, the client calls by it, openapi.json is made from it.
import type { Static, TObject, TSchema } from "typebox";

/** How a request carries its content. Parts of a multipart form are named; a part is a file. */
export type RequestBody =
  | {
      readonly kind: "json";
      readonly schema: TSchema;
      readonly required: boolean;
      readonly name?: string;
      /** NaN and the infinities may stand in it without quotes, as Python writes them; they are read as texts. */
      readonly nonFinite?: true;
    }
  | {
      readonly kind: "multipart";
      readonly parts: Readonly<Record<string, { readonly description: string; readonly optional?: true }>>;
    }
  | { readonly kind: "bytes"; readonly contentType: string };

/** What a good answer holds. `events` is a server-sent event stream. */
export type AnswerBody =
  | { readonly kind: "json"; readonly schema: TSchema; readonly description: string }
  | { readonly kind: "bytes"; readonly contentType: string; readonly description: string }
  | { readonly kind: "events"; readonly description: string }
  /** `noContent` is what the status 204 says, of operations that answer it too. */
  | { readonly kind: "empty"; readonly description: string; readonly noContent?: string };

/**
 * One operation of the wire. Paths hold `{name}` for parameters, and may end in `{name*}`: a parameter that takes the rest of the
 * path, slashes and all. `alsoAt` are other addresses of the same operation.
 */
export type Operation = {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly alsoAt?: readonly string[];
  readonly summary: string;
  /** Where the operation is described: a public contract file, or "malachite" for our own. */
  readonly source:
    | "execution 2019-09-30"
    | "runHistory 2019-09-30"
    | "runHistory v1.0"
    | "artifact 2019-09-30"
    | "datastore 2019-09-30"
    | "modelManagement 2019-09-30"
    | "metric v2.0"
    /** No public description: what the v1 SDK sends and reads, as it was seen on the wire. */
    | "sdk"
    | "mlflow"
    | "malachite";
  readonly params: TObject;
  readonly query?: TObject;
  readonly body?: RequestBody;
  readonly answer: AnswerBody;
  /** Refusals that another standard gives a form of its own; all others have the form of every error. */
  readonly refusal?: { readonly statuses: readonly number[]; readonly schema: TSchema };
  /** False for the few addresses that answer without a token. */
  readonly authenticated?: boolean;
  /** Only those who run the service may call it. */
  readonly operatorsOnly?: true;
};

/** Declares an operation and keeps its literal types, so that route and client are typed by it. */
export const operation = <const T extends Operation>(declared: T): T => declared;

/** The values in the path of an operation. */
export type ParamsOf<O extends Operation> = Static<O["params"]>;
/** The values in the query string of an operation, in the contract's spelling. */
export type QueryOf<O extends Operation> = O extends { readonly query: infer Q extends TObject }
  ? Static<Q>
  : { readonly [name: string]: never };
/** The JSON body of an operation; `unknown` for one that takes none. */
export type BodyOf<O extends Operation> = O extends {
  readonly body: { readonly kind: "json"; readonly schema: infer S extends TSchema };
}
  ? Static<S>
  : unknown;
/** The JSON answer of an operation; `undefined` for one that answers in another way. */
export type AnswerOf<O extends Operation> = O extends {
  readonly answer: { readonly kind: "json"; readonly schema: infer S extends TSchema };
}
  ? Static<S>
  : undefined;
