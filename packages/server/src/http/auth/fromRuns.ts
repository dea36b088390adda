// Connections that come through a door which is there for runs alone, as a port on another machine: everybody there can use it, so that
// what a service on loopback takes for granted does not hold for them.
import type { Operation } from "@malachite/contract";
import { MalachiteError, type Principal } from "@malachite/core";

/** The two ends of a connection on this machine know each other by their ports. */
type Near = { readonly localPort?: number | undefined; once(event: "close", done: () => void): unknown };
type Far = { readonly remotePort?: number | undefined };

export type FromRuns = {
  /** Before anything is said on it. */
  add(socket: Near): void;
  has(socket: Far): boolean;
};

export function createFromRuns(): FromRuns {
  const ports = new Set<number>();
  return {
    add(socket) {
      const { localPort } = socket;
      if (localPort === undefined) return;
      ports.add(localPort);
      socket.once("close", () => ports.delete(localPort));
    },
    has: ({ remotePort }) => remotePort !== undefined && ports.has(remotePort),
  };
}

/** Throws NotAllowed for whoever is no run, and where tokens are given away. */
export function refuseStrangers(operation: Pick<Operation, "id" | "authenticated">, by: Principal): void {
  const open = operation.authenticated === false && !/Token$/.test(operation.id);
  if (open || by.run !== undefined) return;
  throw new MalachiteError(
    "NotAllowed",
    "This address of the service is there for the runs of this machine: only their own tokens are taken.",
  );
}
