// One file of the web, by its URI. Only read; redirects are followed by hand, each to an address that is looked at again.
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type FileStorage, StorageTrouble, type StoredFile } from "../fileStorage.ts";
import { type Guard, portOf } from "../guard.ts";
import { kindOf, troubleOf } from "../trouble.ts";

const MOST_REDIRECTS = 5;
/** Nothing may come for so long. */
const SILENCE_MS = 60_000;

export function createWebStorage(guard: Guard): FileStorage {
  async function ask(
    uri: string,
    method: "HEAD" | "GET",
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    for (let at = new URL(uri), steps = 0; ; steps += 1) {
      if (at.protocol !== "https:" && !(at.protocol === "http:" && guard.allows(at.hostname, portOf(at))))
        throw new StorageTrouble(
          "refused",
          `${shown(at)} is not reached by https, and its host is not in allowDataHost`,
        );
      const answer = await once(at, method, headers, signal);
      const { statusCode = 0, headers: got } = answer;
      if (![301, 302, 303, 307, 308].includes(statusCode) || !got.location) return answer;
      answer.destroy();
      if (steps === MOST_REDIRECTS)
        throw new StorageTrouble("refused", `${shown(new URL(uri))} leads on and on: ${steps} redirects`);
      if (!URL.canParse(got.location, at)) throw new StorageTrouble("refused", `${shown(at)} leads nowhere`);
      at = new URL(got.location, at);
    }
  }

  function once(at: URL, method: string, headers: Record<string, string>, signal: AbortSignal) {
    const secure = at.protocol === "https:";
    return new Promise<IncomingMessage>((resolve, reject) => {
      const failed = (error: unknown) => reject(troubleOf(`Reaching ${shown(at)}`, error));
      try {
        const sent = (secure ? httpsRequest : httpRequest)(at, {
          method,
          headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "malachite", ...headers },
          agent: secure ? guard.https : guard.http,
          signal,
          timeout: SILENCE_MS,
        });
        sent.once("response", resolve);
        sent.once("timeout", () =>
          sent.destroy(Object.assign(new Error("it is silent"), { code: "ETIMEDOUT" })),
        );
        sent.once("error", failed);
        sent.end();
      } catch (error) {
        failed(error);
      }
    });
  }

  return {
    async find(uri, signal) {
      const head = await ask(uri, "HEAD", {}, signal);
      head.destroy();
      const status = head.statusCode ?? 0;
      if (status === 200) return fileOf(uri, head, lengthOf(head));
      if (status === 404 || status === 410) return undefined;
      // Some services sign or offer GET alone.
      const first = await ask(uri, "GET", { range: "bytes=0-0" }, signal);
      first.destroy();
      if (first.statusCode === 404 || first.statusCode === 410) return undefined;
      if (first.statusCode === 206)
        return fileOf(
          uri,
          first,
          Number(/\/(\d+)$/.exec(first.headers["content-range"] ?? "")?.[1] ?? Number.NaN),
        );
      if (first.statusCode === 200) return fileOf(uri, first, lengthOf(first));
      throw refused(uri, first);
    },
    async *list() {},
    async *read(file, from, signal) {
      const resumed = from > 0 && file.version !== undefined;
      const headers: Record<string, string> = resumed
        ? { range: `bytes=${from}-`, "if-range": file.version as string }
        : {};
      const answer = await ask(file.path, "GET", headers, signal);
      try {
        if (answer.statusCode !== (resumed ? 206 : 200) || (from > 0 && !resumed)) {
          if (from > 0 && (answer.statusCode === 200 || answer.statusCode === 416))
            throw new StorageTrouble(
              "changed",
              `${shown(new URL(file.path))} was changed, or is only sent whole`,
            );
          throw refused(file.path, answer);
        }
        for await (const chunk of answer) yield chunk as Uint8Array;
        // A body that is cut short ends without an error where no length was told.
        if (!answer.complete) throw Object.assign(new Error("it was cut short"), { code: "ECONNRESET" });
      } catch (error) {
        throw troubleOf(`Reading ${shown(new URL(file.path))}`, error);
      } finally {
        answer.destroy();
      }
    },
    async write() {
      throw new StorageTrouble("refused", "Nothing is sent to the web");
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Without its query, which may hold a signature. */
const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

const lengthOf = ({ headers }: IncomingMessage): number => Number(headers["content-length"] ?? Number.NaN);

function fileOf(uri: string, { headers }: IncomingMessage, length: number): StoredFile {
  const changedAt = Date.parse(headers["last-modified"] ?? "");
  const etag = headers.etag?.startsWith("W/") ? undefined : headers.etag;
  const md5 = headers["content-md5"];
  return {
    path: uri,
    sizeBytes: Number.isSafeInteger(length) ? length : undefined,
    changedAt: Number.isNaN(changedAt) ? undefined : changedAt,
    version: etag ?? headers["last-modified"],
    md5: typeof md5 === "string" ? md5 : undefined,
  };
}

function refused(uri: string, { statusCode = 0 }: IncomingMessage): StorageTrouble {
  const place = shown(new URL(uri));
  return new StorageTrouble(kindOf(statusCode), `${place} answers ${statusCode}`);
}
