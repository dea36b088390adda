// A connection that breaks again and again: passes bytes on in both directions and destroys each connection after so many.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type CuttingProxy = AsyncDisposable & { readonly url: string; cuts: number };

/** Each connection is cut after `bytes`, counted in both directions together. */
export async function cuttingProxy(url: string, bytes: number): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const proxy = { cuts: 0 };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    let left = bytes;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
      from.on("data", (chunk: Buffer) => {
        if (left <= 0) return;
        const part = chunk.subarray(0, left);
        left -= part.length;
        if (left > 0) {
          if (!to.write(part)) {
            from.pause();
            to.once("drain", () => from.resume());
          }
          return;
        }
        proxy.cuts += 1;
        to.write(part);
        // What came before the cut is on its way by then.
        setTimeout(() => {
          near.resetAndDestroy();
          far.resetAndDestroy();
        }, 5);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}
