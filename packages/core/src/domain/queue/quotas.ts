// How much one workspace, and one user in it, may ask of the service. The settings say so; whoever records a run holds it to them.

export type Quota = {
  /** Runs that wait or are at work. */
  readonly unfinishedRuns?: number;
  /** Runs taken in within the last 60 seconds. */
  readonly runsPerMinute?: number;
  /** Runs at work at the same time; more of them wait. */
  readonly runningRuns?: number;
  /** Nodes that the runs at work have together. */
  readonly nodes?: number;
  /** The same of GPUs, whoever gives them out. */
  readonly gpus?: number;
  /** Bytes of the files that are kept for runs. */
  readonly keptBytes?: number;
};

export type Quotas = {
  readonly workspace?: Quota;
  /** Of each user, in each workspace. */
  readonly user?: Quota;
};

/** What a run waits for, as long as others of the same owner have it. */
export const SHARED = ["runningRuns", "nodes", "gpus"] as const;
export type Shared = (typeof SHARED)[number];

export const QUOTA_NAMES = ["unfinishedRuns", "runsPerMinute", ...SHARED, "keptBytes"] as const;
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** `workspace.unfinishedRuns=100`, `user.keptBytes=500GB` and the like. Undefined for a text that is none. */
export function parseQuotas(texts: readonly string[]): Quotas | undefined {
  const quotas: Record<string, Record<string, number>> = {};
  for (const text of texts) {
    const [, of, name, number, unit] = FORM.exec(text) ?? [];
    if (of === undefined || name === undefined) return undefined;
    const most = Number(number) * (unit === undefined ? 1 : (UNITS[unit] ?? Number.NaN));
    if (!Number.isSafeInteger(most) || (name === "keptBytes" ? most > MOST_BYTES : most > MOST_COUNT))
      return undefined;
    if (unit !== undefined && name !== "keptBytes") return undefined;
    quotas[of] = { ...quotas[of], [name]: most };
  }
  return quotas;
}

const FORM = new RegExp(`^(workspace|user)\\.(${QUOTA_NAMES.join("|")})=(\\d{1,16})([kMGT]B|[KMGT]iB)?$`);
/** Bytes in the unit of a size. */
const UNITS: Readonly<Record<string, number>> = {
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const MOST_COUNT = 999_999_999;
const MOST_BYTES = 1e15;

export type Who = { readonly workspace: string; readonly user: string };

const whose = (of: keyof Quotas, who: Who): string =>
  of === "workspace"
    ? `The workspace '${who.workspace}'`
    : `'${who.user}' in the workspace '${who.workspace}'`;

/** What is said to whose run is one too many. */
export function quotaText(
  of: keyof Quotas,
  name: "unfinishedRuns" | "runsPerMinute",
  most: number,
  who: Who,
): string {
  return name === "unfinishedRuns"
    ? `${whose(of, who)} may have ${most} runs that wait or are at work (quota ${of}.${name}), and has them. Submit it again when one has ended, or cancel one.`
    : `${whose(of, who)} may submit ${most} runs a minute (quota ${of}.${name}), and has done so. Submit it again in a minute.`;
}

/** What is said to whose run would wait for ever. */
export const tooLargeText = (
  of: keyof Quotas,
  name: Shared,
  needed: number,
  most: number,
  who: Who,
): string =>
  `The run needs ${sharedAmount(name, needed)}, and ${lower(whose(of, who))} may have ${most} at work at once (quota ${of}.${name}). Ask for fewer.`;

/** How much of a quota of kept bytes is left, the narrowest of those that count. */
export type KeptRoom = {
  /** Below 0 where more is kept than the quota says. */
  readonly left: number;
  readonly of: keyof Quotas;
  readonly most: number;
  readonly who: Who;
};

/** What is said to who would keep more than a quota lets him. */
export const keptText = ({ left, of, most, who }: KeptRoom, what: string): string =>
  `${whose(of, who)} keeps ${most - left} bytes of files of runs, and may keep ${most} (quota ${of}.keptBytes): ${what} Remove files or runs that nobody needs, or let an operator's 'malachite gc' do so, then ask again. 'malachite quota' tells what is used.`;

const lower = (text: string): string => text.replace(/^The/, "the");

export const sharedAmount = (name: Shared, count: number): string => {
  const word = { runningRuns: "run", nodes: "node", gpus: "GPU" }[name];
  return `${count} ${word}${count === 1 ? "" : "s"}`;
};
