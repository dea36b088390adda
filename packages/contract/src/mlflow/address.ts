// Where MLflow's REST API is served: below the workspace, once as clients of MLflow 1 address it and once as those of 2 and 3 do.
import Type, { type Static, type TProperties, type TSchema } from "typebox";
import { model } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";

/** Both addresses of a path below a workspace's tracking URI. */
export const trackingAddresses = (path: string) => ({
  path: `/mlflow/v1.0${workspacePath}${path}`,
  alsoAt: [`/mlflow/v2.0${workspacePath}${path}`],
});

/** The addresses of a call of the REST API, which clients begin with `/api/2.0/mlflow`. */
export const callAddresses = (path: string) => trackingAddresses(`/api/2.0/mlflow${path}`);

export const inWorkspace = Type.Object(workspaceParams);
export const source = "mlflow";

/** An answer that holds nothing: MLflow's clients want an object even then. */
export const Nothing = model("MlflowNothing", {});
export type Nothing = Static<typeof Nothing>;
export const nothing = { kind: "json", schema: Nothing, description: "Done." } as const;

type Call<Id extends string, T extends TProperties, A extends TSchema> = {
  readonly id: Id;
  readonly path: string;
  readonly summary: string;
  readonly takes: T;
  readonly gives: { readonly kind: "json"; readonly schema: A; readonly description: string };
};

/** A call that is asked by POST, PATCH or DELETE with a JSON body. */
const byBody =
  <const M extends "POST" | "PATCH" | "DELETE">(method: M) =>
  <const Id extends string, T extends TProperties, A extends TSchema>(call: Call<Id, T, A>) =>
    operation({
      id: `Mlflow_${call.id}` as const,
      method,
      ...callAddresses(call.path),
      summary: call.summary,
      source,
      params: inWorkspace,
      body: { kind: "json", schema: model(`Mlflow${call.id}`, call.takes), required: true },
      answer: call.gives,
    });

export const post = byBody("POST");
export const patch = byBody("PATCH");
export const remove = byBody("DELETE");

/** A call that is asked by GET with a query string. */
export const get = <const Id extends string, T extends TProperties, A extends TSchema>(
  call: Call<Id, T, A>,
) =>
  operation({
    id: `Mlflow_${call.id}` as const,
    method: "GET",
    ...callAddresses(call.path),
    summary: call.summary,
    source,
    params: inWorkspace,
    query: Type.Object(call.takes),
    answer: call.gives,
  });

export const gives = <A extends TSchema>(schema: A, description: string) =>
  ({ kind: "json", schema, description }) as const;
