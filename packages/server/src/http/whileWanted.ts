// Work that may take a while, and is given up when nobody waits for its answer any more.
import { MalachiteError } from "@malachite/core";
import type { FastifyReply } from "fastify";
import type { Edge } from "./edge.ts";

/** Throws Stopping when the service stops meanwhile. Undefined when the asker has gone: there is nobody to answer. */
export async function whileWanted<T>(
  { reply }: { readonly reply: FastifyReply },
  { closing }: Pick<Edge, "closing">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  reply.raw.once("close", leave);
  try {
    return await work(AbortSignal.any([gone.signal, closing]));
  } catch (error) {
    if (gone.signal.aborted) {
      reply.hijack();
      return undefined;
    }
    if (closing.aborted)
      throw new MalachiteError("Stopping", "The service is stopping. Ask again when it is up.", {
        cause: error,
      });
    throw error;
  } finally {
    reply.raw.off("close", leave);
  }
}
