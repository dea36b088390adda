// The state that the container driver keeps in a handle: which engine, and which container of it.
import { handlesOf } from "../shared/handles.ts";

export const KIND = "container";

export type ContainerState = {
  readonly socket: string;
  /** The engine's id; empty when the container was gone before its handle was made. */
  readonly container: string;
  readonly startedAt: number;
};

export const { make: makeHandle, read: readHandle } = handlesOf<ContainerState>(
  KIND,
  1,
  (state) => typeof state.socket === "string" && typeof state.container === "string",
);
