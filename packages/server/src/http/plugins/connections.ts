// Connections whose request is not HTTP, or whose body nobody wants any more.
import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { MalachiteError } from "@malachite/core";
import { newCorrelation } from "./correlation.ts";
import { rawErrorAnswer } from "./errors.ts";

const PROBLEMS: Readonly<Record<string, { readonly status: number; readonly text: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, text: "The headers of the request are too large." },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, text: "The chunk extensions of the request are too large." },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, text: "The request did not come in time." },
};

/** Answers a request that could not be read, with the same envelope as any other error, and ends the connection. */
export function answerBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Socket,
  now: number,
): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = PROBLEMS[error.code ?? ""] ?? { status: 400, text: "The request is not proper HTTP." };
  // An answer that is under way would be garbled by a second one.
  if (socket.bytesWritten > 0 && isAnswering(socket)) {
    socket.destroy(error);
    return;
  }
  const known = new MalachiteError("InvalidRequest", problem.text, { cause: error });
  socket.end(rawErrorAnswer(known, problem.status, newCorrelation(), now));
}

/** Node keeps the answer that a socket is sending under this name. */
const isAnswering = (socket: Socket): boolean =>
  (socket as Socket & { _httpMessage?: { readonly headersSent?: boolean } | null })._httpMessage
    ?.headersSent === true;

/** How long the rest of a body is still taken after its answer was sent. Closing at once could lose the answer. */
const LINGER_MS = 10_000;

/** Cuts the connection of an answered request whose sender goes on sending. */
export function lingerNoMore(raw: IncomingMessage): void {
  // Requests that are injected have no connection.
  if (raw.complete || !(raw.socket instanceof Socket) || raw.socket.destroyed) return;
  const timer = setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, LINGER_MS);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
  raw.once("end", () => clearTimeout(timer));
}
