// A way to an engine that a test can shut.
import { once } from "node:events";
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Socket } from "node:net";

/** A port or socket that leads to another one. While it is shut nobody answers; connections that were open are cut. */
export type Door = AsyncDisposable & {
  /** 0 for a socket. */
  readonly port: number;
  /** How many have come so far. */
  connections(): number;
  open(): Promise<void>;
  shut(): Promise<void>;
};

/** `at`: where it is; a free port of this machine unless told. */
export async function openDoor(to: NetConnectOpts, at: ListenOptions = { host: "127.0.0.1" }): Promise<Door> {
  const sockets = new Set<Socket>();
  let count = 0;
  const make = () =>
    createServer({ allowHalfOpen: true }, (near) => {
      count += 1;
      const far = connect({ ...to, allowHalfOpen: true });
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from
          .on("error", () => into.destroy())
          .on("close", () => {
            sockets.delete(from);
            into.destroy();
          });
        from.pipe(into);
      }
    });
  let server = make();
  let port = 0;
  async function open() {
    server = make().listen(at.path === undefined ? { ...at, port } : at);
    await once(server, "listening");
    const address = server.address();
    port = typeof address === "object" ? (address?.port ?? 0) : 0;
  }
  async function shut() {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const one of sockets) one.destroy();
    await closed;
  }
  await open();
  return {
    get port() {
      return port;
    },
    connections: () => count,
    open,
    shut,
    [Symbol.asyncDispose]: shut,
  };
}
