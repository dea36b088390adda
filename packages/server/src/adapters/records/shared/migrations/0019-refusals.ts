// Why the last try of the step that a run is at was refused.
import type { Migration } from "./migration.ts";

export const refusals: Migration = {
  number: 19,
  name: "refusals",
  up: ({ integer, text }) => [
    `alter table run_work add column refusal ${text}`,
    `alter table run_work add column refusal_version ${integer}`,
  ],
};
