// Who did what, kept in order: entries are added and never changed. One log for a data folder.

/** What is said of one act. Never a secret, never what a body held. */
export type AuditedAct = {
  readonly at: string;
  readonly operation: string;
  readonly who: {
    readonly name: string;
    readonly objectId: string;
    readonly tenantId: string;
    readonly run?: string;
  };
  readonly from: string;
  /** What it was done to, by the names of the address, and what makes it another act than one of the same operation. */
  readonly of: Readonly<Record<string, string>>;
  readonly status: number;
  readonly correlation: string;
};

export type AuditEntry = AuditedAct & {
  readonly no: number;
  /** The hash of the entry before, and that of this one, which is made of both. */
  readonly before: string;
  readonly hash: string;
};

export type AuditAsk = {
  /** Nothing before this, as the entries write it. */
  readonly since?: string;
  readonly who?: string;
  readonly runId?: string;
  /** The beginning of its id. */
  readonly operation?: string;
  readonly limit: number;
  readonly after?: string;
};

export interface AuditLog {
  /** Resolves when the system has it: it survives the end of the process, however that dies. Throws StorageFailed. */
  add(act: AuditedAct): Promise<void>;
  /** The newest first. A page may be short where few of many entries fit. Throws BadContinuationToken. */
  read(ask: AuditAsk): Promise<{ readonly values: readonly AuditEntry[]; readonly next?: string }>;
}
