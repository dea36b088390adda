// How far down a table may begin.
import { MalachiteError } from "@malachite/core";

/** So far down a list that no index can count through: each run on the way is looked at. */
const FARTHEST = 10_000;

/** Throws InvalidRequest. */
export function refuseFar(offset: number): void {
  if (offset <= FARTHEST) return;
  throw new MalachiteError(
    "InvalidRequest",
    `With this filter or order a table can begin at most ${FARTHEST} runs down, not ${offset}. Go on by the continuation token, or narrow the filter.`,
    { target: "offset" },
  );
}
