// What every operation of Malachite's own has in common.
import Type from "typebox";
import { runId, workspaceParams, workspacePath } from "../scope.ts";

export const base = `/malachite/v1.0${workspacePath}`;
export const source = "malachite";
export const oneRun = Type.Object({ ...workspaceParams, runId });
