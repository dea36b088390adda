// A registered environment, as the v1 SDK sends it and reads it. No public description; the sections are those of a run definition.
import Type, { type Static } from "typebox";
import { EnvironmentDefinition } from "../execution/runDefinition.ts";
import { model, optional } from "../model.ts";

export const RegisteredEnvironment = EnvironmentDefinition;
export type RegisteredEnvironment = Static<typeof RegisteredEnvironment>;

/** A page of environments, the newest version of each name. */
export const EnvironmentList = model("EnvironmentList", {
  value: Type.Array(RegisteredEnvironment),
  continuationToken: optional(Type.String()),
});

export const EnvironmentMetadata = model("EnvironmentMetadata", {
  labels: optional(Type.Array(Type.String({ minLength: 1, maxLength: 255 }))),
});
