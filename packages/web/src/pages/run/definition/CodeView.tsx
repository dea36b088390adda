// Many lines of code: searched, copied, downloaded, and drawn only where they are seen.
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronUp, Download } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Copy } from "../../../parts/Copy.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import classes from "./CodeView.module.css";
import { findRows } from "./jsonRows.ts";

const ROW_PX = 20;
const MOST_PX = 640;

export type CodeRow = { readonly name?: string; readonly text: string };

/** `text` is what is copied and downloaded, as `file`; `draw` draws one of the rows. */
export function CodeView<Row extends CodeRow>({
  what,
  file,
  text,
  rows,
  draw,
  onSearch,
  tools,
}: {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly rows: readonly Row[];
  readonly draw: (row: Row) => ReactNode;
  /** Tells whether something is looked for; then nothing should be folded. */
  readonly onSearch?: (searching: boolean) => void;
  readonly tools?: ReactNode;
}) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => findRows(rows, words), [rows, words]);
  const isFound = useMemo(() => new Set(found), [found]);
  const current = found[Math.min(at, found.length - 1)];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  useEffect(() => {
    if (current !== undefined) virtual.scrollToIndex(current, { align: "center" });
  }, [current, virtual]);
  const move = (by: number) => found.length > 0 && setAt((at + by + found.length) % found.length);
  return (
    <section aria-label={what} className={classes.view}>
      <div className={classes.tools}>
        <input
          type="search"
          aria-label={`Search in ${what}`}
          placeholder="Search"
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            setAt(0);
            onSearch?.(event.target.value !== "");
          }}
          onKeyDown={(event) => event.key === "Enter" && move(event.shiftKey ? -1 : 1)}
        />
        {words !== "" && (
          <>
            <span role="status" className={classes.count}>
              {found.length === 0
                ? "None"
                : `${Math.min(at, found.length - 1) + 1} of ${shownCount(found.length)}`}
            </span>
            <Button kind="bare" size="small" aria-label="One before" onClick={() => move(-1)}>
              <ChevronUp aria-hidden />
            </Button>
            <Button kind="bare" size="small" aria-label="Next one" onClick={() => move(1)}>
              <ChevronDown aria-hidden />
            </Button>
          </>
        )}
        <span className={classes.space} />
        {tools}
        <Copy text={text} what={what} />
        <Button
          kind="bare"
          size="small"
          aria-label={`Download ${what}`}
          title={`Download ${what}`}
          onClick={() => download(text, file)}
        >
          <Download aria-hidden />
        </Button>
      </div>
      <div
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        tabIndex={0}
        role="group"
        aria-label={`Lines of ${what}`}
        className={classes.box}
        style={{ height: Math.min(MOST_PX, rows.length * ROW_PX + 16) }}
      >
        <div className={classes.inside} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            return (
              row !== undefined && (
                <div
                  key={index}
                  className={`${classes.row} ${isFound.has(index) ? classes.found : ""} ${index === current ? classes.current : ""}`}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  {draw(row)}
                </div>
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}

/** Saves a text as a file of that name. */
export function download(text: string, file: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
