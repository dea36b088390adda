// Finds where the last trouble of a log begins: the line a person would look for first. Pure.

export type TroubleKind = "traceback" | "gpu" | "memory" | "killed" | "crash" | "exception" | "error";
export type ReadLine = { readonly line: number; readonly lineOffset: number; readonly text: string };
export type FoundError = ReadLine & {
  readonly kind: TroubleKind;
  /** The line that says most, and its number. */
  readonly message: string;
  readonly messageLine: number;
};

const TRACEBACK = /Traceback \(most recent call last\)/;
/** What a python prints between the tracebacks of one error. */
const CHAINED = /During handling of the above exception|The above exception was the direct cause/;

/** Kinds of trouble by what lines of them look like, the most telling first. */
const SIGNS: readonly (readonly [TroubleKind, RegExp])[] = [
  [
    "gpu",
    /CUDA (?:error|out of memory|driver)|cudaError|\bCU(?:BLAS|DNN|SPARSE|FFT)_STATUS_(?!SUCCESS)|NCCL (?:error|failure)|ncclUnhandled|HIP error/i,
  ],
  [
    "memory",
    /\bout of memory\b|\bOOM[- ]?kill|\bMemoryError\b|std::bad_alloc|Cannot allocate memory|\bOutOfMemoryError\b/i,
  ],
  ["killed", /^\s*(?:\S+: line \d+: +\d+ )?Killed\b|\bSIGKILL\b|\bsignal 9\b|killed by signal/i],
  [
    "crash",
    /Segmentation fault|\bSIGSEGV\b|\bSIGABRT\b|\bSIGBUS\b|core dumped|Fatal Python error|terminate called|Assertion .*failed|\bpanic(?:ked)?\b.*:|\bBus error\b/,
  ],
  [
    "exception",
    /^\W{0,3}(?:\[?rank\s?\d+\]?:?\s+)?(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*)?(?:Error|Exception|Interrupt|Failure)(?::\s|$)|\bUnhandled exception\b|^Exception in thread\b/,
  ],
];
const ERROR =
  /(?:^|[\s[|<(])(?:ERROR|CRITICAL|FATAL|SEVERE)(?:$|[\s\]|>):])|^\s*(?:error|fatal(?: error)?):\s/;

/** Troubles so few lines apart are told as one: what comes first is the cause, and the rest follows from it. */
const TOGETHER_LINES = 200;
/** A traceback whose end has not come by then is none. */
const LONGEST_TRACEBACK = 5000;

type Traceback = {
  readonly begins: ReadLine;
  /** What stands before the word on each line: the rank, a time. */
  readonly before: string;
  readonly error: FoundError;
};

/** Lines are pushed in order; `found` tells the trouble that begins the last group of them. */
export class ErrorFinder {
  #group: FoundError | undefined;
  #lastTrouble = 0;
  #weak: FoundError | undefined;
  #open: Traceback | undefined;
  /** The last traceback that has ended, until something else than the word of a chain follows. */
  #chain: FoundError | undefined;

  push(line: ReadLine): void {
    const { text } = line;
    if (this.#inTraceback(line)) return;
    if (TRACEBACK.test(text)) {
      this.#begin(line);
      return;
    }
    if (text.trim() === "" || CHAINED.test(text)) return;
    this.#chain = undefined;
    const kind = SIGNS.find(([, sign]) => sign.test(text))?.[0];
    if (kind !== undefined) this.#trouble(told(line, kind));
    else if (ERROR.test(text)) this.#weak = told(line, "error");
  }

  found(): FoundError | undefined {
    // One that was cut off by the end of the log has no message.
    return this.#group ?? this.#weak;
  }

  #begin(line: ReadLine): void {
    const before = line.text.slice(0, line.text.search(TRACEBACK));
    const error = this.#chain ?? told(line, "traceback");
    this.#open = { begins: line, before, error };
    this.#trouble(error);
  }

  /** Whether the line belongs to a traceback. Lines of other processes may stand between its own. */
  #inTraceback(line: ReadLine): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    if (line.line - open.begins.line > LONGEST_TRACEBACK) this.#open = undefined;
    const own = line.text.startsWith(open.before) ? line.text.slice(open.before.length) : undefined;
    if (own === undefined || own.trim() === "" || /^[ \t|+]/.test(own)) return own !== undefined;
    if (TRACEBACK.test(own)) return false;
    this.#open = undefined;
    const ended: FoundError = { ...open.error, message: own.trim(), messageLine: line.line };
    const kind = SIGNS.find(([name, sign]) => name !== "exception" && sign.test(own))?.[0];
    this.#chain = kind === undefined ? ended : { ...ended, kind };
    if (this.#group?.line === ended.line) this.#group = this.#chain;
    this.#lastTrouble = line.line;
    return true;
  }

  #trouble(error: FoundError): void {
    const apart = error.line - this.#lastTrouble;
    if (this.#group === undefined || apart > TOGETHER_LINES) this.#group = error;
    this.#lastTrouble = Math.max(this.#lastTrouble, error.line);
  }
}

const told = (line: ReadLine, kind: TroubleKind): FoundError => ({
  ...line,
  kind,
  message: line.text.trim(),
  messageLine: line.line,
});
