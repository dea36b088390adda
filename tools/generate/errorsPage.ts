// Makes docs/errors.md from the catalogue, the table of reasons and the edge's own mapping, so that the page cannot be wrong.
import { CATALOGUE, type Code, MalachiteError, REASONS } from "@malachite/core";
import { httpError } from "../../packages/server/src/http/plugins/errors.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** A table with its columns aligned, as the formatter of the repository leaves it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [first = [], ...others] = cells;
  return [line(first), line(widths.map((width) => "-".repeat(width))), ...others.map(line)].join("\n");
}

function codeRow(code: Code): string[] {
  const { means, todo } = CATALOGUE[code];
  const { status, body } = httpError(new MalachiteError(code, means), { operation: "", request: "" }, 0);
  return [`\`${code}\``, String(status), `\`${body.error?.code}\``, means, todo];
}

const AGAIN = {
  never: "no",
  safely: "once, or as often as `retries` says: the script has not begun",
  asked: "as often as `retries` says, by default not",
} as const;

/** The whole page as Markdown. */
export function errorsPage(): string {
  const codes = (Object.keys(CATALOGUE) as Code[]).map(codeRow);
  const reasons = Object.entries(REASONS).map(([reason, { status, blame, retry, text }]) => {
    const whose = blame === "user" ? "the run's own" : "the platform's";
    return [`\`${reason}\``, `\`${status}\``, whose, AGAIN[retry], text];
  });
  return `<!-- Made by npm run generate from the catalogue of errors. Do not edit. -->

# Errors

Every error is answered in one envelope. \`error.code\` is one of the codes of the contract, and the deepest
\`innerError.code\` is the service's own code from the list below. \`error.details\` names every fault of a definition at
once, each with the path of the property in \`target\`. The same words are printed by the command line.

## Codes

${table(["code", "HTTP status", "`error.code`", "what it means", "what to do"], codes)}

## Why a run ended

Each run that has ended has exactly one reason; its status follows from the reason.

${table(["reason", "status", "whose doing", "is it started again?", "meaning"], reasons)}
`;
}
