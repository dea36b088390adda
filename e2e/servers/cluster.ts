// Several real servers on one PostgreSQL and one data folder, each with a way to the database that a test can cut; and a client that
// goes round them, as behind a load balancer.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresUnderTest, startPostgres } from "@malachite/server/conformance";
import { killRunsOf } from "../support/leftovers.ts";
import { MALACHITE, SOURCE, until } from "../support/service.ts";

/** So long a client waits for an answer: a server that sleeps gives none. */
const ANSWER_MS = 8_000;

/** A way to the database. `cut`: what is on it is lost; new connections are refused, or hang where `silent`. */
class Way implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #to: URL;
  #isCut: "refused" | "silent" | undefined;

  private constructor(to: string) {
    this.#to = new URL(to);
    this.#server = createServer((from) => this.#pass(from));
  }

  static async to(url: string): Promise<Way> {
    const way = new Way(url);
    way.#server.listen(0, "127.0.0.1");
    await once(way.#server, "listening");
    return way;
  }

  get url(): string {
    const url = new URL(this.#to);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  #pass(from: Socket): void {
    this.#open.add(from);
    from.on("close", () => this.#open.delete(from)).on("error", () => {});
    if (this.#isCut === "silent") return;
    if (this.#isCut) return void from.destroy();
    const into = connect(Number(this.#to.port), this.#to.hostname);
    this.#open.add(into);
    into.on("close", () => this.#open.delete(into)).on("error", () => from.destroy());
    from.on("error", () => into.destroy());
    from.on("data", (piece) => void (this.#isCut || into.write(piece)));
    into.on("data", (piece) => void (this.#isCut || from.write(piece)));
    from.on("close", () => into.destroy());
    into.on("close", () => from.destroy());
  }

  /** Silent: nobody is told, as when a cable is pulled. */
  cut(how: "refused" | "silent"): void {
    this.#isCut = how;
    if (how === "refused") for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#isCut = undefined;
    for (const socket of this.#open) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
  }
}

export class ClusterServer {
  readonly name: string;
  readonly way: Way;
  readonly #data: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  url = "";
  output = "";

  constructor(name: string, way: Way, data: string, flags: readonly string[]) {
    this.name = name;
    this.way = way;
    this.#data = data;
    this.#flags = flags;
  }

  /** Resolves when it takes work; it keeps its port. */
  async start(): Promise<void> {
    const port = this.url === "" ? "0" : new URL(this.url).port;
    const child = spawn(
      process.execPath,
      [
        ...[...SOURCE, MALACHITE, "up", "--port", port, "--data", this.#data, "--database", this.way.url],
        ...this.#flags,
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env.PATH, HOME: join(this.#data, ".."), TMPDIR: process.env.TMPDIR },
      },
    );
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (this.output += chunk));
    const found = await until(
      `server ${this.name} to take work`,
      () => child.exitCode !== null || child.signalCode !== null || this.#note(child.pid),
      90_000,
    );
    // A second look could meet the note of another server just being written.
    if (typeof found === "string") this.url = found;
  }

  #note(pid: number | undefined): string | undefined {
    try {
      for (const name of readdirSync(join(this.#data, "servers"))) {
        const note = JSON.parse(readFileSync(join(this.#data, "servers", name), "utf8"));
        if (note.pid === pid) return note.url;
      }
    } catch {
      // Not yet there, or just being removed.
    }
    return undefined;
  }

  get isAlive(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  /** Resolves when the process is gone. */
  async kill(name: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (!child || !this.isAlive) return;
    const gone = once(child, "exit");
    child.kill(name);
    await gone;
  }

  async call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: "Bearer dev",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ?? AbortSignal.timeout(ANSWER_MS),
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} → ${answer.status} ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }
}

export class Cluster implements AsyncDisposable {
  readonly servers: readonly ClusterServer[];
  readonly data: string;
  readonly #postgres: PostgresUnderTest;
  #turn = 0;

  private constructor(servers: readonly ClusterServer[], data: string, postgres: PostgresUnderTest) {
    this.servers = servers;
    this.data = data;
    this.#postgres = postgres;
  }

  /** Started all at once, on a folder and a database that are new. */
  static async start(
    count: number,
    flags: readonly string[] | ((server: string) => readonly string[]) = [],
  ): Promise<Cluster> {
    const postgres = await startPostgres();
    const data = join(mkdtempSync(join(tmpdir(), "malachite-servers-")), "data");
    const database = postgres.freshUrl();
    const servers = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const name = `s${i + 1}`;
        const own = typeof flags === "function" ? flags(name) : flags;
        return new ClusterServer(name, await Way.to(database), data, own);
      }),
    );
    const cluster = new Cluster(servers, data, postgres);
    try {
      await Promise.all(servers.map((server) => server.start()));
      for (const server of servers)
        if (!server.isAlive) throw new Error(`${server.name} did not start: ${server.output}`);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Asks one server after the other until one answers well, as a client behind a load balancer that tries again. */
  async anyone<T>(
    what: string,
    ask: (server: ClusterServer) => Promise<T>,
    deadlineMs = 120_000,
  ): Promise<T> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const server = this.servers[this.#turn++ % this.servers.length] as ClusterServer;
      try {
        return await ask(server);
      } catch (error) {
        if (Date.now() > end) throw new Error(`No server would ${what}: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  get output(): string {
    return this.servers.map(({ name, output }) => `── ${name}\n${output}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) {
      server.signal("SIGCONT");
      server.way.mend();
    }
    await Promise.all(this.servers.map((server) => server.kill("SIGTERM")));
    killRunsOf(this.data);
    for (const { way } of this.servers) await way[Symbol.asyncDispose]();
    await this.#postgres[Symbol.asyncDispose]();
    rmSync(join(this.data, ".."), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Who is who: the names in stories, and addresses. */
export function ownersOf({ data }: Cluster): ReadonlyMap<string, string> {
  const folder = join(data, "servers");
  const id = readFileSync(join(data, "id"), "utf8").trim();
  return new Map(
    readdirSync(folder).map((file) => {
      const { url } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { url: string };
      return [`${id}/${file.replace(/\.json$/, "")}`, url];
    }),
  );
}
