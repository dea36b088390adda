// Registered environments: names with versions, the same content under the same version. What needs an image is refused.
import Type from "typebox";
import { integer, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";
import { EnvironmentList, EnvironmentMetadata, RegisteredEnvironment } from "./environment.ts";

const base = `/environment/v1.0${workspacePath}/environments`;
const newer = `/environment/v2.0${workspacePath}/environments`;
const source = "sdk";

const environmentName = Type.String({ minLength: 1, maxLength: 255, description: "The environment's name." });
const version = Type.String({ minLength: 1, maxLength: 255, description: "A version of the environment." });
const label = Type.String({ minLength: 1, maxLength: 255, description: "`latest`, or one that was set." });
const byName = Type.Object({ ...workspaceParams, environmentName });
const byVersion = Type.Object({ ...workspaceParams, environmentName, version });
const environment = {
  kind: "json",
  schema: RegisteredEnvironment,
  description: "The environment.",
} as const;
const definition = { kind: "json", schema: RegisteredEnvironment, required: true } as const;

export const listEnvironments = operation({
  id: "Environments_List",
  method: "GET",
  path: base,
  summary: "List the environments of a workspace, each in its newest version.",
  source,
  params: Type.Object(workspaceParams),
  query: Type.Object({
    continuation: optional(Type.String()),
    count: optional(integer({ format: "int32", minimum: 1 })),
  }),
  answer: { kind: "json", schema: EnvironmentList, description: "A page of environments." },
});
export const getEnvironment = operation({
  id: "Environments_Get",
  method: "GET",
  path: `${base}/{environmentName}`,
  summary: "Get the newest version of an environment.",
  source,
  params: byName,
  answer: environment,
});
export const getEnvironmentVersion = operation({
  id: "Environments_GetVersion",
  method: "GET",
  path: `${base}/{environmentName}/versions/{version}`,
  summary: "Get a version of an environment.",
  source,
  params: byVersion,
  answer: environment,
});
export const getEnvironmentByLabel = operation({
  id: "Environments_GetByLabel",
  method: "GET",
  path: `${base}/{environmentName}/labels/{label}`,
  summary: "Get the version of an environment that has a label.",
  source,
  params: Type.Object({ ...workspaceParams, environmentName, label }),
  answer: environment,
});
export const registerEnvironment = operation({
  id: "Environments_Register",
  method: "PUT",
  path: `${base}/{environmentName}`,
  summary: "Register an environment: the version that has this content, or the next one.",
  source,
  params: byName,
  body: definition,
  answer: environment,
});
export const registerEnvironmentVersion = operation({
  id: "Environments_RegisterVersion",
  method: "PUT",
  path: `${base}/{environmentName}/versions/{version}`,
  summary: "Register an environment under a version of one's own.",
  source,
  params: byVersion,
  body: definition,
  answer: environment,
});
export const labelEnvironment = operation({
  id: "Environments_SetLabels",
  method: "PUT",
  path: `${base}/{environmentName}/versions/{version}/metadata`,
  summary: "Set the labels of a version of an environment.",
  source,
  params: byVersion,
  body: { kind: "json", schema: EnvironmentMetadata, required: true },
  answer: { kind: "empty", description: "The labels are set." },
});

const image = Type.Object({
  ...workspaceParams,
  environmentName,
  version: optional(version),
  compute: optional(Type.String({ description: "The compute target to build on." })),
});
const refused = { kind: "empty", description: "Never: this service makes no images, and says so." } as const;
const one = "{environmentName}";
const oneVersion = "{environmentName}/versions/{version}";

export const getEnvironmentImage = operation({
  id: "Environments_GetImage",
  method: "GET",
  path: `${base}/${oneVersion}/image`,
  alsoAt: [`${base}/${one}/image`],
  summary: "Get the image of an environment.",
  source,
  params: image,
  answer: refused,
});
export const buildEnvironmentImage = operation({
  id: "Environments_BuildImage",
  method: "POST",
  path: `${newer}/${oneVersion}/image`,
  alsoAt: [
    `${newer}/${one}/image`,
    `${newer}/${oneVersion}/imageoncompute/{compute}`,
    `${newer}/${one}/imageoncompute/{compute}`,
    `${base}/${oneVersion}/image`,
    `${base}/${one}/image`,
  ],
  summary: "Build the image of an environment.",
  source,
  params: image,
  answer: refused,
});
export const getEnvironmentRecipe = operation({
  id: "Environments_GetRecipe",
  method: "POST",
  path: `${base}/${oneVersion}/recipe`,
  alsoAt: [`${base}/${one}/recipe`],
  summary: "Get what is needed to build an environment elsewhere.",
  source,
  params: image,
  answer: refused,
});
