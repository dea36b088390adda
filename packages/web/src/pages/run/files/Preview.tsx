// A file, shown as what it is. Nothing in it ever runs: text is text, pictures are pictures, pages stand in a frame without scripts.
import { useQuery } from "@tanstack/react-query";
import { Download, ExternalLink } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import Markdown from "react-markdown";
import { Button } from "../../../parts/Button.tsx";
import { Copy } from "../../../parts/Copy.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount, shownSize } from "../../../parts/numbers.ts";
import { useTell } from "../../../parts/Toasts.tsx";
import classes from "./Preview.module.css";
import { imageType, previewKind } from "./previewKind.ts";
import { MOST_ROWS, readTable } from "./readTable.ts";

/** Where the bytes of a file come from. */
export type FileSource = {
  readonly path: string;
  readonly sizeBytes: number | undefined;
  /** Changes when the file does. */
  readonly key: readonly unknown[];
  readonly read: (offset: number, count: number, signal: AbortSignal) => Promise<Uint8Array>;
  /** An address without a token; absent where files have none. */
  readonly link?: (as: "attachment" | "inline") => Promise<string>;
};

const TEXT_BYTES = 512 * 1024;
const PICTURE_BYTES = 32 * 1024 * 1024;

export function Preview({ source }: { readonly source: FileSource }) {
  const { path, sizeBytes, key, read } = source;
  const tell = useTell();
  const [asSource, setAsSource] = useState(false);
  const start = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => read(0, TEXT_BYTES, signal),
  });
  const save = async () => {
    try {
      if (source.link) return location.assign(await source.link("attachment"));
      const bytes = await read(0, sizeBytes ?? Number.MAX_SAFE_INTEGER, new AbortController().signal);
      saveBytes(bytes, path);
    } catch (error) {
      tell.failed(error);
    }
  };
  const kind = start.data && previewKind(path, start.data);
  const hasSource = kind === "page" || kind === "markdown" || kind === "table" || kind === "json";
  return (
    <section className={classes.preview} aria-label={path}>
      <header className={classes.head}>
        <code className={classes.path}>{path}</code>
        <span className={classes.size}>{sizeBytes === undefined ? "" : shownSize(sizeBytes)}</span>
        {hasSource && (
          <Button size="small" aria-pressed={asSource} onClick={() => setAsSource(!asSource)}>
            As text
          </Button>
        )}
        <Copy text={path} what="the path" />
        <Button size="small" onClick={() => void save()}>
          <Download aria-hidden /> Save
        </Button>
      </header>
      <div className={classes.body}>
        {start.error && <FaultNote error={start.error} again={() => void start.refetch()} />}
        {start.isPending && <Waiting />}
        {start.data && kind && <Shown source={source} start={start.data} kind={asSource ? "text" : kind} />}
      </div>
    </section>
  );
}

function Shown({
  source,
  start,
  kind,
}: {
  readonly source: FileSource;
  readonly start: Uint8Array;
  readonly kind: ReturnType<typeof previewKind>;
}) {
  const { path, sizeBytes = start.length } = source;
  const isWhole = start.length >= sizeBytes;
  const text = useMemo(
    () => (kind === "image" || kind === "pdf" || kind === "none" ? "" : new TextDecoder().decode(start)),
    [start, kind],
  );
  if (sizeBytes === 0) return <Empty title="The file is empty" />;
  switch (kind) {
    case "image":
      return sizeBytes > PICTURE_BYTES ? (
        <Empty title="The picture is too large to be shown here">Save it to see it.</Empty>
      ) : (
        <Picture source={source} />
      );
    case "pdf":
    case "page":
      return source.link ? (
        <Framed source={source} isPdf={kind === "pdf"} />
      ) : kind === "pdf" ? (
        <Empty title="Save the file to see it" />
      ) : (
        <Text text={text} isWhole={isWhole} start={start} />
      );
    case "table":
      return <Rows path={path} text={text} isWhole={isWhole} />;
    case "json":
      return <Text text={isWhole ? pretty(text) : text} isWhole={isWhole} start={start} />;
    case "markdown":
      return (
        <div className={classes.markdown}>
          {/* Elements and no markup; pictures from elsewhere are not loaded by the page's policy. */}
          <Markdown skipHtml>{text}</Markdown>
        </div>
      );
    case "text":
      return <Text text={text} isWhole={isWhole} start={start} />;
    default:
      return (
        <Empty title="This file is no text">
          {shownSize(sizeBytes)}. Save it to open it with the program that it is for.
        </Empty>
      );
  }
}

/** Numbers, names and order stay as they are in the file; only the lines are broken. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // Broken JSON is shown as it stands.
  }
}

function Text({
  text,
  isWhole,
  start,
}: {
  readonly text: string;
  readonly isWhole: boolean;
  readonly start: Uint8Array;
}) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre className={classes.text} tabIndex={0}>
        {text}
      </pre>
      {!isWhole && (
        <p className={classes.note}>The first {shownSize(start.length)}. Save the file to have all of it.</p>
      )}
    </>
  );
}

function Picture({ source }: { readonly source: FileSource }) {
  const { path, sizeBytes, key, read } = source;
  const [url, setUrl] = useState<string>();
  const bytes = useQuery({
    queryKey: [...key, "whole"],
    gcTime: 0,
    queryFn: ({ signal }) => read(0, sizeBytes ?? PICTURE_BYTES, signal),
  });
  useEffect(() => {
    if (bytes.data === undefined) return;
    const made = URL.createObjectURL(new Blob([new Uint8Array(bytes.data)], { type: imageType(path) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes.data, path]);
  if (bytes.error) return <FaultNote error={bytes.error} />;
  return url === undefined ? <Waiting /> : <img className={classes.picture} src={url} alt={path} />;
}

function Framed({ source, isPdf }: { readonly source: FileSource; readonly isPdf: boolean }) {
  const link = useQuery({
    queryKey: [...source.key, "inline"],
    staleTime: 0,
    queryFn: () => source.link?.("inline") ?? "",
  });
  if (link.error) return <FaultNote error={link.error} />;
  if (!link.data) return <Waiting />;
  return (
    <div className={classes.framed}>
      <p className={classes.note}>
        {isPdf ? "" : "Scripts in it do not run here. "}
        <a href={link.data} target="_blank" rel="noopener noreferrer">
          Open it by itself <ExternalLink aria-hidden />
        </a>
      </p>
      {/* Browsers show no PDF in a sandbox; the server's own policy stands around it. */}
      <iframe title={source.path} src={link.data} sandbox={isPdf ? undefined : ""} />
    </div>
  );
}

function Rows({
  path,
  text,
  isWhole,
}: {
  readonly path: string;
  readonly text: string;
  readonly isWhole: boolean;
}) {
  const table = useMemo(() => readTable(path, text, isWhole), [path, text, isWhole]);
  return (
    <>
      {table.fault && <p className={classes.note}>{table.fault}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <section className={classes.tablePlace} tabIndex={0} aria-label={`Rows of ${path}`}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Row</span>
              </th>
              {table.columns.map((name, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name
                <th key={i} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its number
              <tr key={i}>
                <th scope="row">{i + 1}</th>
                {row.map((cell, j) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                  <td key={j} className={/^-?[\d.]+(e[+-]?\d+)?$/i.test(cell) ? classes.number : undefined}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {(!isWhole || table.rows.length >= MOST_ROWS) && (
        <p className={classes.note}>
          The first {shownCount(table.rows.length)} rows. Save the file to have all of them.
        </p>
      )}
    </>
  );
}

function saveBytes(bytes: Uint8Array, path: string): void {
  const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = path.slice(path.lastIndexOf("/") + 1);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
