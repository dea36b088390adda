// Connections that are made when they are needed, and again when they are lost: with pauses that grow, for as long as somebody waits.
import type { DatabaseAddress } from "./address.ts";
import { isRefusal, troubleOf, unavailable } from "./faults.ts";
import { type Purpose, Session } from "./session.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Once the database has been away for so long, who comes new is told so at the first failure. */
const PATIENCE_MS = 10_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export type LinkSettings = {
  readonly address: DatabaseAddress;
  readonly purpose: Purpose;
  /** The longest that a statement may take to be answered. */
  readonly limitMs: number;
  /** Told of the first failure of a row of them, and of its end. */
  readonly note: (text: string) => void;
};

export class Link {
  readonly #settings: LinkSettings;
  #away: number | undefined;
  #hasWorked = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  get shown(): string {
    return this.#settings.address.shown;
  }

  /** A new connection. Tries until that time; throws DatabaseUnavailable. */
  async open(until: number, patienceMs = PATIENCE_MS): Promise<Session> {
    const { address, purpose, limitMs, note } = this.#settings;
    for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(LONGEST_PAUSE_MS, 2 * waitMs)) {
      try {
        const session = await Session.open(address, purpose, limitMs);
        if (this.#away !== undefined) note(`The database ${address.shown} answers again.`);
        this.#away = undefined;
        this.#hasWorked = true;
        return session;
      } catch (error) {
        // At the start a refusal is all that is told, and ends it.
        if (this.#away === undefined && (this.#hasWorked || !isRefusal(error)))
          note(`The database ${address.shown} ${troubleOf(error)}; it is asked again and again.`);
        this.#away ??= Date.now();
        const end = Math.min(until, this.#away + patienceMs);
        if (isRefusal(error) || Date.now() + waitMs >= end)
          throw unavailable(`The database ${troubleOf(error)}`, address.shown, error);
        // Many servers that lost it at once do not all come back at once.
        await pause(waitMs * (0.5 + Math.random() / 2));
      }
    }
  }
}

/** Several connections for work that may go on side by side. */
export class Pool {
  readonly #link: Link;
  readonly #most: number;
  #free: { readonly session: Session; readonly since: number }[] = [];
  #used = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(link: Link, most: number) {
    this.#link = link;
    this.#most = most;
    this.#timer = setInterval(() => this.#closeIdle(), IDLE_MS).unref();
  }

  get shown(): string {
    return this.#link.shown;
  }

  /** Runs `work` with a connection of its own. Throws DatabaseUnavailable where there is none until that time. */
  async use<T>(until: number, work: (session: Session) => Promise<T>): Promise<T> {
    while (this.#used >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#used += 1;
    try {
      let session = this.#free.pop()?.session;
      while (session?.isLost) session = this.#free.pop()?.session;
      session ??= await this.#link.open(until);
      try {
        return await work(session);
      } finally {
        if (!session.isLost) this.#free.push({ session, since: Date.now() });
      }
    } finally {
      this.#used -= 1;
      this.#waiting.shift()?.();
    }
  }

  #closeIdle(): void {
    const before = Date.now() - IDLE_MS;
    const idle = this.#free.filter(({ since }) => since < before);
    this.#free = this.#free.filter(({ since }) => since >= before);
    for (const { session } of idle) void session.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#free.map(({ session }) => session.close()));
    this.#free = [];
  }
}

const IDLE_MS = 60_000;
