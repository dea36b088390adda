// Runs one command in a container of an image and waits for its end: to find a python, to install packages. Nothing of it is left
// but, where asked, the image that it has become.
import { randomUUID } from "node:crypto";
import type { Docker, Engine } from "../../../containers/index.ts";
import { EngineRefused, listContainers } from "../../../containers/index.ts";

/** By its name what a killed service left half done is found. A label would go on to the image that is kept, and to its containers. */
const nameStart = (service: string): string => `malachite-build-${service.slice(0, 8)}-`;

export type Once = {
  /** An id or a name of an image that the engine has. */
  readonly image: string;
  /** For `sh -c`, with its arguments. */
  readonly script: string;
  readonly arguments: readonly string[];
  readonly service: string;
  readonly user: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Folders and files of this machine, read-only. */
  readonly shown?: Readonly<Record<string, string>>;
  readonly network: "none" | "host";
  readonly usernsHost?: boolean;
  readonly hear?: (text: string) => void;
  /** Keeps what has become of the image, under that name; asked only after exit code 0. */
  readonly keep?: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
};

export type OnceEnded = { readonly code: number; readonly output: string; readonly image?: string };

const LONGEST_OUTPUT = 1024 * 1024;

export async function runOnce(engine: Engine, once: Once, signal: AbortSignal): Promise<OnceEnded> {
  const options: Docker.ContainerCreateOptions = {
    name: `${nameStart(once.service)}${randomUUID()}`,
    Image: once.image,
    Entrypoint: ["/bin/sh"],
    Cmd: ["-c", once.script, "sh", ...once.arguments],
    WorkingDir: "/",
    User: once.user,
    Env: Object.entries(once.variables ?? {}).map(([name, value]) => `${name}=${value}`),
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    HostConfig: {
      NetworkMode: once.network,
      AutoRemove: false,
      SecurityOpt: ["label=disable"],
      ...(once.usernsHost ? { UsernsMode: "host" } : {}),
      Mounts: Object.entries(once.shown ?? {}).map(([source, at]) => ({
        Type: "bind" as const,
        Source: source,
        Target: at,
        ReadOnly: true,
      })),
    },
  };
  const container = await engine.ask(
    "make a container",
    (api, abortSignal) => api.createContainer({ ...options, abortSignal }),
    signal,
  );
  try {
    const heard = await engine.ask(
      "attach to a container",
      (_, abortSignal) => container.attach({ stream: true, stdout: true, stderr: true, abortSignal }),
      signal,
    );
    const output = collect(heard, once.hear);
    await engine.ask(
      "start a container",
      (_, abortSignal) => container.start({ abortSignal }),
      signal,
      120_000,
    );
    const { StatusCode: code } = await engine.ask(
      "wait for a container",
      (_, abortSignal) => container.wait({ abortSignal }),
      signal,
      2 ** 31 - 1,
    );
    const heardText = await Promise.race([output.whole, quiet(output.soFar)]);
    const text = (await logOf(engine, container, signal)) ?? heardText;
    // What was lost of the attachment is heard late.
    if (text !== heardText) once.hear?.(text.slice(sameStart(text, heardText)));
    if (code !== 0 || once.keep === undefined) return { code, output: text };
    const { name, labels } = once.keep;
    const [repo = "", tag = ""] = name.split(/:(?=[^:]*$)/);
    const made = await engine.ask(
      "keep an image",
      (_, abortSignal) =>
        container.commit({
          _query: { container: container.id, repo, tag, pause: false, ...changes(labels) },
          // Podman does not take an empty body.
          _body: { Labels: { ...labels } },
          abortSignal,
        }),
      signal,
      600_000,
    );
    return { code, output: text, image: made.Id };
  } finally {
    await engine
      .ask(
        "remove a container",
        () => container.remove({ force: true, v: true }),
        AbortSignal.timeout(60_000),
      )
      // What cannot be removed now is swept at the next start.
      .catch(() => {});
  }
}

/** What the image says of itself stays as it was, but for labels. */
const changes = (labels: Readonly<Record<string, string>>) => ({
  changes: `LABEL ${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(" ")}`,
});

/**
 * What the engine has kept of all that it said; undefined where it keeps nothing. Podman loses the end of an attachment, or the whole, to a
 * container that ends at once on a busy machine, and writes its own trouble into it.
 */
async function logOf(
  engine: Engine,
  container: Docker.Container,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const kept = await engine.ask(
      "read what a container said",
      (_, abortSignal) => container.logs({ follow: true, stdout: true, stderr: true, abortSignal }),
      signal,
    );
    const { whole, soFar } = collect(kept);
    return await Promise.race([whole, quiet(soFar)]);
  } catch (error) {
    if (error instanceof EngineRefused) return undefined;
    throw error;
  }
}

function sameStart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

/** The connection may outlive the container a moment, or for ever where an engine forgets to close it. */
const quiet = (soFar: () => string): Promise<string> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(soFar()), 5000).unref();
  });

/** Takes the heads of 8 bytes away that the engine puts before each piece. */
function collect(stream: NodeJS.ReadableStream, hear: (text: string) => void = () => {}) {
  const decoder = new TextDecoder();
  let text = "";
  let rest = Buffer.alloc(0);
  const whole = new Promise<string>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        const size = rest.readUInt32BE(4);
        const piece = decoder.decode(rest.subarray(8, 8 + size), { stream: true });
        rest = rest.subarray(8 + size);
        text = (text + piece).slice(-LONGEST_OUTPUT);
        hear(piece);
      }
    });
    for (const end of ["end", "close", "error"]) stream.on(end, () => resolve(text));
  });
  return { whole, soFar: () => text };
}

/** Removes what builds of a killed service have left. */
export async function sweepBuilds(engine: Engine, service: string, signal: AbortSignal): Promise<void> {
  const left = await listContainers(engine, { name: [nameStart(service)] }, signal);
  for (const { Id } of left) {
    try {
      await engine.ask(
        "remove a container",
        (api) => api.getContainer(Id).remove({ force: true, v: true }),
        signal,
      );
    } catch (error) {
      if (!(error instanceof EngineRefused)) throw error;
    }
  }
}
