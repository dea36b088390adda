// Keeps one event stream open, and opens it anew, from where it was, when parts of the page come to want something else.
import type { LiveEvent, WorkspaceClient } from "@malachite/client";

/** What the stream tells, as the client reads it, without what is about logs and about the stream itself. */
export type News = Extract<LiveEvent, { kind: "run" | "metrics" | "files" | "queue" | "reset" }>;
export type LogNews = Extract<LiveEvent, { kind: "log" | "restart" | "end" | "fault" }>;
export type ConnectionState = "opening" | "live" | "lost";

/** Whoever shows a log. */
export type LogFollower = {
  readonly runId: string;
  /** Absent for the run's own log. */
  readonly path?: string;
  /** Where it goes on: the place of the last piece, or a byte offset. Kept up to date by the stream. */
  place: string | number;
  readonly onNews: (news: LogNews) => void;
};

/** So many logs, and so many runs, can be named to one stream. */
const MOST = 16;

export class LiveStream {
  readonly #workspace: WorkspaceClient;
  readonly #listeners = new Set<(news: News) => void>();
  readonly #connectionListeners = new Set<() => void>();
  readonly #followers = new Set<LogFollower>();
  /** How many parts look at a run. */
  readonly #watched = new Map<string, number>();
  #connection: ConnectionState = "opening";
  #place: string | undefined;
  #current: AbortController | undefined;
  #isOpen = false;
  #reopening = false;

  /** Opens nothing yet. */
  constructor(workspace: WorkspaceClient) {
    this.#workspace = workspace;
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Calls back when `connection` changes, until the returned function is called. */
  readonly onConnection = (listener: () => void): (() => void) => {
    this.#connectionListeners.add(listener);
    return () => this.#connectionListeners.delete(listener);
  };

  /** Calls back with all news, until the returned function is called. */
  listen(listener: (news: News) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Has a run's files looked at, until the returned function is called. */
  watch(runId: string): () => void {
    this.#count(runId, 1);
    return () => this.#count(runId, -1);
  }

  /** Follows a log, until the returned function is called. */
  follow(follower: LogFollower): () => void {
    this.#followers.add(follower);
    this.#reopen();
    return () => {
      this.#followers.delete(follower);
      this.#reopen();
    };
  }

  open(): void {
    this.#isOpen = true;
    this.#reopen();
  }

  close(): void {
    this.#isOpen = false;
    this.#current?.abort();
  }

  #count(runId: string, by: number): void {
    const count = (this.#watched.get(runId) ?? 0) + by;
    if (count > 0) this.#watched.set(runId, count);
    else this.#watched.delete(runId);
    this.#reopen();
  }

  /** Once for all that changes in one go. */
  #reopen(): void {
    if (this.#reopening || !this.#isOpen) return;
    this.#reopening = true;
    queueMicrotask(() => {
      this.#reopening = false;
      this.#current?.abort();
      if (!this.#isOpen) return;
      this.#current = new AbortController();
      void this.#read(this.#current.signal);
    });
  }

  async #read(signal: AbortSignal): Promise<void> {
    const logs = [...this.#followers].slice(0, MOST);
    try {
      const events = this.#workspace.events({
        ...(this.#place === undefined ? {} : { place: this.#place }),
        watch: [...this.#watched.keys()].slice(0, MOST),
        logs: logs.map(({ runId, path, place }) => ({ runId, path, place })),
        abortSignal: signal,
      });
      for await (const event of events) {
        if (signal.aborted) return;
        this.#take(event);
      }
    } catch (error) {
      if (!signal.aborted) this.#set("lost");
      if (!signal.aborted) console.error(error);
    }
  }

  #take(event: LiveEvent): void {
    if (event.kind === "hello" || event.kind === "run" || event.kind === "reset") this.#place = event.place;
    switch (event.kind) {
      case "hello":
        this.#set("live");
        break;
      case "connection":
        this.#set(event.state === "lost" ? "lost" : "live");
        break;
      case "log":
      case "restart":
      case "end":
      case "fault":
        this.#hand(event);
        break;
      default:
        for (const listener of [...this.#listeners]) listener(event);
    }
  }

  /** Gives news of a log to those who follow it, and notes where they are. */
  #hand(news: LogNews): void {
    for (const follower of this.#followers) {
      if (follower.runId !== news.runId || follower.path !== news.path) continue;
      if (news.kind === "log") follower.place = news.place;
      if (news.kind === "restart") follower.place = 0;
      follower.onNews(news);
    }
  }

  #set(state: ConnectionState): void {
    if (this.#connection === state) return;
    this.#connection = state;
    for (const listener of [...this.#connectionListeners]) listener();
  }
}
