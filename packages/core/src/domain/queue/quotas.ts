// How much one workspace, and one user in it, may ask of the service. The settings say so; whoever records a run holds it to them.

export type Quota = {
  /** Runs that wait or are at work. */
  readonly unfinishedRuns?: number;
  /** Runs taken in within the last 60 seconds. */
  readonly runsPerMinute?: number;
};

export type Quotas = {
  readonly workspace?: Quota;
  /** Of each user, in each workspace. */
  readonly user?: Quota;
};

/** `workspace.unfinishedRuns=100` and the like. Undefined for a text that is none. */
export function parseQuotas(texts: readonly string[]): Quotas | undefined {
  const quotas: Record<string, Record<string, number>> = {};
  for (const text of texts) {
    const [, of, name, number] = FORM.exec(text) ?? [];
    if (of === undefined || name === undefined) return undefined;
    quotas[of] = { ...quotas[of], [name]: Number(number) };
  }
  return quotas;
}

const FORM = /^(workspace|user)\.(unfinishedRuns|runsPerMinute)=(\d{1,9})$/;

/** What is said to whose run is one too many. */
export function quotaText(
  of: keyof Quotas,
  name: keyof Quota,
  most: number,
  who: { readonly workspace: string; readonly user: string },
): string {
  const whose =
    of === "workspace"
      ? `The workspace '${who.workspace}'`
      : `'${who.user}' in the workspace '${who.workspace}'`;
  return name === "unfinishedRuns"
    ? `${whose} may have ${most} runs that wait or are at work (quota ${of}.${name}), and has them. Submit it again when one has ended, or cancel one.`
    : `${whose} may submit ${most} runs a minute (quota ${of}.${name}), and has done so. Submit it again in a minute.`;
}
