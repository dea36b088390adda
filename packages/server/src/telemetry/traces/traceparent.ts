// The header and variable by which W3C's standard hands a trace on. https://www.w3.org/TR/trace-context/

/** Where a trace stands: its id, the span that what follows belongs to, and whether it is kept. */
export type TracePlace = {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
};

const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Undefined for what is none: then a trace begins here. */
export function parseTraceparent(text: string | undefined): TracePlace | undefined {
  const [, traceId, spanId, flags = "00"] = FORM.exec(text?.trim() ?? "") ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const printTraceparent = ({ traceId, spanId, sampled }: TracePlace): string =>
  `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
