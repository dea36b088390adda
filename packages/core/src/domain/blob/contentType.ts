// What a blob is taken for when nobody said what it is: text by its name, so that readers of logs get words.

const TEXT = /\.(?:txt|log|json|jsonl|csv|tsv|md|py|sh|yml|yaml|xml|ini|toml|out|err)$/i;

export const plainTypeOf = (path: string): string =>
  TEXT.test(path) ? "text/plain; charset=utf-8" : "application/octet-stream";
