// JSON to read: folded, searched, copied, downloaded.
import { useMemo, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { CodeView } from "./CodeView.tsx";
import classes from "./JsonView.module.css";
import { type JsonRow, jsonRows } from "./jsonRows.ts";

/** `file` is the name under which it is downloaded. */
export function JsonView({
  value,
  what,
  file,
}: {
  readonly value: unknown;
  readonly what: string;
  readonly file: string;
}) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [searching, setSearching] = useState(false);
  const rows = useMemo(
    () => jsonRows(value, (path) => !searching && folded.has(path)),
    [value, folded, searching],
  );
  const text = useMemo(() => JSON.stringify(value, null, 2), [value]);
  const toggle = (path: string) =>
    setFolded((now) =>
      now.has(path) ? new Set([...now].filter((one) => one !== path)) : new Set([...now, path]),
    );
  const foldAll = () =>
    setFolded(
      new Set(
        jsonRows(value, () => false).flatMap(({ canFold, depth, path }) =>
          canFold && depth === 2 ? [path] : [],
        ),
      ),
    );
  return (
    <CodeView
      what={what}
      file={file}
      text={text}
      rows={rows}
      onSearch={setSearching}
      tools={
        <>
          <Button kind="bare" size="small" onClick={foldAll}>
            Fold
          </Button>
          <Button kind="bare" size="small" onClick={() => setFolded(new Set())}>
            Unfold
          </Button>
        </>
      }
      draw={(row) => <Line row={row} toggle={toggle} />}
    />
  );
}

function Line({ row, toggle }: { readonly row: JsonRow; readonly toggle: (path: string) => void }) {
  const { path, depth, name, text, kind, folded, canFold, isLast } = row;
  const comma = !isLast && (kind !== "open" || folded !== undefined);
  return (
    <>
      {"  ".repeat(depth)}
      {canFold && (
        <button
          type="button"
          className={classes.fold}
          aria-expanded={folded === undefined}
          aria-label={`${name ?? path.split("/").at(-1) ?? "all"}`}
          onClick={() => toggle(path)}
        >
          {folded === undefined ? "▾" : "▸"}
        </button>
      )}
      {name !== undefined && (
        <>
          <span className={classes.name}>{name}</span>
          {": "}
        </>
      )}
      <span className={classes[kind]}>{text}</span>
      {comma && ","}
      {folded !== undefined && <span className={classes.aside}> {folded} inside</span>}
    </>
  );
}
