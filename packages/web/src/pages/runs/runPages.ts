// The rows of a table of runs, fetched where one looks: a page at a time, from any place, and kept true by live news.
import type { RunCounts, RunValues, TableRun, WorkspaceClient } from "@malachite/client";
import type { News } from "../../service/liveStream.ts";
import { Observed } from "../../service/observed.ts";
import type { RunsAsk } from "./view.ts";

const PAGE = 100;
/** Pages far away from what is seen are forgotten. */
const MOST_PAGES = 40;
/** New runs come one by one, in bursts: the table is asked for again at most so often. */
const AGAIN_MS = 400;
const VALUES_AGAIN_MS = 1000;

type Page = { readonly state: "loading" } | { readonly state: "there"; readonly runs: readonly TableRun[] };

/** What a table shows. A new object for each question; `close` ends what is under way. */
export class RunPages extends Observed {
  readonly #workspace: WorkspaceClient;
  readonly #ask: RunsAsk;
  readonly #wantsValues: boolean;
  readonly #pages = new Map<number, Page>();
  readonly #places = new Map<string, number>();
  readonly #values = new Map<string, RunValues>();
  readonly #changedValues = new Set<string>();
  #range = { from: 0, to: 0 };
  #again: ReturnType<typeof setTimeout> | undefined;
  #valuesAgain: ReturnType<typeof setTimeout> | undefined;
  /** How many runs there were when the first rows were fetched. */
  #counted: number | undefined;
  counts: RunCounts | undefined;

  constructor(workspace: WorkspaceClient, ask: RunsAsk, wantsValues: boolean) {
    super();
    this.#workspace = workspace;
    this.#ask = ask;
    this.#wantsValues = wantsValues;
  }

  /** Rows that can be shown. */
  get rows(): number {
    const { count } = this.counts ?? { count: 0 };
    return this.#ask.reaches === "all" ? count : Math.min(count, this.#ask.reaches + PAGE);
  }

  /** Runs that came since what is shown was fetched, while one was looking further down. */
  get fresh(): number {
    return Math.max(0, (this.counts?.count ?? 0) - (this.#counted ?? this.counts?.count ?? 0));
  }

  run(index: number): TableRun | undefined {
    const page = this.#pages.get(Math.floor(index / PAGE));
    return page?.state === "there" ? page.runs[index % PAGE] : undefined;
  }

  values(runId: string | undefined): RunValues | undefined {
    return this.#values.get(runId ?? "");
  }

  /** Says which rows are seen. */
  look(from: number, to: number): void {
    this.#range = { from, to };
    // At the top again: what came meanwhile is wanted.
    if (from === 0 && this.fresh > 0) void this.refresh();
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page++)
      if (!this.#pages.has(page)) void this.#fetch(page);
  }

  /** Asks for the first rows. May be called again after `close`. */
  open(): void {
    this.reopen();
    void this.refresh();
  }

  /** Asks for everything that is seen again. */
  async refresh(): Promise<void> {
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#counted = this.counts?.count;
    const first = Math.floor(this.#range.from / PAGE);
    const last = Math.floor(Math.max(0, this.#range.to - 1) / PAGE);
    for (const page of [...this.#pages.keys()]) if (page < first || page > last) this.#pages.delete(page);
    const seen = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    await Promise.all([this.#count(true), ...seen.map((page) => this.#fetch(page))]);
  }

  take(news: News): void {
    if (news.kind === "reset") void this.refresh();
    if (news.kind === "metrics" && this.#wantsValues && this.#places.has(news.runId)) {
      this.#changedValues.add(news.runId);
      this.#valuesAgain ??= setTimeout(
        () => void this.#fetchValues([...this.#changedValues]),
        VALUES_AGAIN_MS,
      );
    }
    if (news.kind !== "run") return;
    const { runId = "" } = news.run;
    const index = this.#places.get(runId);
    const page = index === undefined ? undefined : this.#pages.get(Math.floor(index / PAGE));
    if (index !== undefined && page?.state === "there" && page.runs[index % PAGE]?.runId === runId) {
      const before = page.runs[index % PAGE];
      const runs = page.runs.with(index % PAGE, news.run);
      this.#pages.set(Math.floor(index / PAGE), { state: "there", runs });
      this.tell();
      if (before?.status === news.run.status) return;
    }
    this.#again ??= setTimeout(() => {
      // Rows must not move under the eyes of who looks further down.
      if (this.#range.from === 0) return this.refresh();
      this.#again = undefined;
      return this.#count(false);
    }, AGAIN_MS);
  }

  override close(): void {
    super.close();
    clearTimeout(this.#again);
    clearTimeout(this.#valuesAgain);
  }

  async #count(isWithRows: boolean): Promise<void> {
    await this.attempt(async (abortSignal) => {
      const { filter, search, experimentName } = this.#ask;
      this.counts = await this.#workspace.tables.countRuns({ filter, search, experimentName, abortSignal });
      if (isWithRows) this.#counted = this.counts.count;
    });
  }

  async #fetch(page: number): Promise<void> {
    if (!this.#pages.has(page)) this.#pages.set(page, { state: "loading" });
    await this.attempt(async (abortSignal) => {
      const { filter, search, experimentName, orderBy } = this.#ask;
      const { value } = await this.#workspace.tables.queryRunsPage({
        filter,
        search,
        experimentName,
        orderBy,
        offset: page * PAGE,
        top: PAGE,
        abortSignal,
      });
      this.#pages.set(page, { state: "there", runs: value });
      for (const [i, { runId = "" }] of value.entries()) this.#places.set(runId, page * PAGE + i);
      this.#forgetFar(page);
      if (this.#wantsValues) void this.#fetchValues(value.map(({ runId = "" }) => runId));
    });
    if (this.#pages.get(page)?.state === "loading") this.#pages.delete(page);
  }

  async #fetchValues(runIds: readonly string[]): Promise<void> {
    clearTimeout(this.#valuesAgain);
    this.#valuesAgain = undefined;
    this.#changedValues.clear();
    await this.attempt(async (abortSignal) => {
      const found = await this.#workspace.tables.latestMetrics(runIds, { abortSignal });
      for (const [runId, values] of found) this.#values.set(runId, values);
    });
  }

  #forgetFar(page: number): void {
    if (this.#pages.size <= MOST_PAGES) return;
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - page) - Math.abs(a - page));
    for (const each of far.slice(0, this.#pages.size - MOST_PAGES)) this.#pages.delete(each);
  }
}
