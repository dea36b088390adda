// One log: any number of lines, of which those are drawn that are seen.
import type { LogFile, LogMatch } from "@malachite/client";
import {
  ArrowDownToLine,
  ChevronDown,
  ChevronUp,
  CircleAlert,
  Download,
  Regex,
  Search,
  WholeWord,
  X,
} from "lucide-react";
import {
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { Button } from "../../../parts/Button.tsx";
import { Copy } from "../../../parts/Copy.tsx";
import { Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount, shownSize } from "../../../parts/numbers.ts";
import { rowAt, rowWindow, scrollTo, scrollToShow } from "../../../parts/rowWindow.ts";
import { useTell } from "../../../parts/Toasts.tsx";
import { plainText } from "../../../parts/terminalText.ts";
import { useFollowedLog } from "../../../service/live.tsx";
import { useWorkspace } from "../../../service/service.tsx";
import classes from "./LogPane.module.css";
import { LogRow } from "./LogRow.tsx";
import { LogModel } from "./logModel.ts";
import { matcherOf, type SearchWish, useLogSearch } from "./useLogSearch.ts";

const ROW_PX = 19;
/** So near to its end a log counts as being at the end. */
const NEAR_PX = 30;

type Props = {
  readonly runId: string;
  readonly file: LogFile;
  /** The line that the address names. */
  readonly line: number | undefined;
  readonly onLine: (line: number | undefined) => void;
  readonly find: string;
  readonly onFind: (find: string) => void;
  /** Closes this pane, where there are several. */
  readonly close: (() => void) | undefined;
};

export function LogPane({ runId, file, line: asked, onLine, find, onFind, close }: Props) {
  const workspace = useWorkspace();
  const tell = useTell();
  const run = workspace.run(runId);
  const { path, live: isLive } = file;
  const scroller = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [view, setView] = useState({ scrollPx: 0, viewPx: 400 });
  const [isFollowing, setFollowing] = useState(asked === undefined && isLive);
  const [wish, setWish] = useState<SearchWish>({ text: find, regex: false, ignoreCase: true });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the run's client is another object each time
  const model = useMemo(() => new LogModel(run.logs, runId, path), [workspace, runId, path]);
  useEffect(() => {
    void model.open(isLive);
    return () => model.close();
  }, [model, isLive]);
  useSyncExternalStore(model.subscribe, () => model.version);
  useFollowedLog(model.follower);

  const count = model.lines ?? 0;
  const space = { count, rowPx: ROW_PX, viewPx: view.viewPx };
  const { heightPx, from, to, topPx } = rowWindow(space, view.scrollPx);
  useLayoutEffect(() => {
    if (count > 0) model.look(from + 1, to);
  }, [model, from, to, count]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setView((now) => ({ ...now, viewPx: element.clientHeight })));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const goTo = (scrollPx: number) => {
    if (scroller.current) scroller.current.scrollTop = scrollPx;
    setView((now) => ({ ...now, scrollPx }));
  };
  const goToLine = (number: number) => {
    setFollowing(false);
    goTo(scrollTo(space, number - 1 - Math.floor(view.viewPx / ROW_PX / 3)));
  };
  // The end of a log is followed without a moment's delay: before the picture is drawn.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!isFollowing || element === null || count === 0) return;
    element.scrollTop = heightPx;
    setView((now) => ({ ...now, scrollPx: element.scrollTop }));
  }, [isFollowing, count, heightPx]);
  // The line that the address names is shown once it is known that there is one; without one, an ended log is shown from its begin.
  const isKnown = model.lines !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each line that the address names
  useLayoutEffect(() => {
    if (isKnown && asked !== undefined) goToLine(Math.min(asked, count));
  }, [isKnown, asked]);

  // What is told of the line below takes some of the view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the view has another height
  useLayoutEffect(() => {
    if (isKnown && asked !== undefined) goTo(scrollToShow(space, Math.min(asked, count) - 1, view.scrollPx));
  }, [view.viewPx]);

  const search = useLogSearch(run.logs, path, wish, model.version);
  const matches = search.matches;
  const showMatch = (match: LogMatch | undefined) => match && onLine(match.line);
  const step = (by: 1 | -1) => {
    const here = asked ?? Math.round(rowAt(space, view.scrollPx)) + 1;
    const next =
      by === 1
        ? (matches.find(({ line }) => line > here) ?? matches[0])
        : (matches.findLast(({ line }) => line < here) ?? matches.at(-1));
    showMatch(next);
  };
  const jumpToError = async () => {
    try {
      const { error } = await run.logs.findError({ path });
      if (error === undefined) tell.done("No error is told in this log.");
      else onLine(error.line);
    } catch (error) {
      tell.failed(error);
    }
  };
  const download = async () => {
    try {
      const { uri } = await run.artifacts.link(path);
      location.assign(uri);
    } catch (error) {
      tell.failed(error);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const keys: Readonly<Record<string, () => void>> = {
      f: () => setFollowing((now) => !now),
      e: () => void jumpToError(),
      n: () => step(event.shiftKey ? -1 : 1),
      g: () => (event.shiftKey ? goTo(heightPx) : goTo(0)),
      Home: () => goTo(0),
      End: () => goTo(heightPx),
      "/": () => field.current?.focus(),
    };
    const act =
      event.ctrlKey || event.metaKey
        ? undefined
        : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (/^(Home|g)$/i.test(event.key)) setFollowing(false);
    act();
  };

  const matcher = useMemo(() => matcherOf(wish), [wish]);
  const chosen = asked === undefined ? undefined : model.line(asked);
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i + 1);
  const digits = String(count).length;
  return (
    <section className={classes.pane} aria-label={path}>
      <div className={classes.head}>
        <code className={classes.path} title={path}>
          {path}
        </code>
        <span className={classes.size}>
          {model.lines === undefined ? "" : `${shownCount(count)} lines · ${shownSize(model.sizeBytes)}`}
        </span>
        <div className={classes.search}>
          <Search aria-hidden />
          <input
            ref={field}
            type="search"
            aria-label={`Find in ${path}`}
            placeholder="Find"
            value={wish.text}
            spellCheck={false}
            onChange={(event) => setWish({ ...wish, text: event.target.value })}
            onBlur={() => onFind(wish.text)}
            onKeyDown={(event) => {
              if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
              if (event.key === "Escape") {
                setWish({ ...wish, text: "" });
                scroller.current?.focus();
              }
            }}
          />
          <Button
            kind="bare"
            size="small"
            aria-pressed={!wish.ignoreCase}
            aria-label="Match case"
            title="Match case"
            onClick={() => setWish({ ...wish, ignoreCase: !wish.ignoreCase })}
          >
            <WholeWord aria-hidden />
          </Button>
          <Button
            kind="bare"
            size="small"
            aria-pressed={wish.regex}
            aria-label="Regular expression"
            title="Regular expression"
            onClick={() => setWish({ ...wish, regex: !wish.regex })}
          >
            <Regex aria-hidden />
          </Button>
        </div>
        {wish.text !== "" && (
          <span className={classes.found} role="status">
            {search.error ?? `${shownCount(search.count)}${search.isDone ? "" : "+"} lines`}
          </span>
        )}
        {matches.length > 0 && (
          <>
            <Button kind="bare" size="small" aria-label="Earlier match" onClick={() => step(-1)}>
              <ChevronUp aria-hidden />
            </Button>
            <Button kind="bare" size="small" aria-label="Next match" onClick={() => step(1)}>
              <ChevronDown aria-hidden />
            </Button>
          </>
        )}
        <div className={classes.actions}>
          <Button
            kind="bare"
            size="small"
            title="Jump to the error (e)"
            aria-label="Jump to the error"
            onClick={() => void jumpToError()}
          >
            <CircleAlert aria-hidden />
          </Button>
          <Button
            kind="bare"
            size="small"
            title="Follow the end (f)"
            aria-label="Follow the end"
            aria-pressed={isFollowing}
            onClick={() => {
              onLine(undefined);
              setFollowing(!isFollowing);
            }}
          >
            <ArrowDownToLine aria-hidden />
          </Button>
          <Button
            kind="bare"
            size="small"
            title="Save the file"
            aria-label="Save the file"
            onClick={() => void download()}
          >
            <Download aria-hidden />
          </Button>
          {close && (
            <Button kind="bare" size="small" aria-label={`Close ${path}`} onClick={close}>
              <X aria-hidden />
            </Button>
          )}
        </div>
      </div>
      {model.error !== undefined && <FaultNote error={model.error} again={() => void model.open(isLive)} />}
      {model.lines === undefined && model.error === undefined && <Waiting />}
      <div
        ref={scroller}
        role="group"
        aria-label={`Lines of ${path}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        tabIndex={0}
        className={classes.scroller}
        onKeyDown={onKeyDown}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          setView((now) => ({ ...now, scrollPx: scrollTop }));
          const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
          if (isFollowing && !isAtEnd && scrollTop < view.scrollPx) setFollowing(false);
          if (!isFollowing && isAtEnd && isLive && !model.hasEnded && scrollTop > view.scrollPx)
            setFollowing(true);
        }}
      >
        <div className={classes.lines} style={{ height: heightPx }}>
          <div className={classes.window} style={{ transform: `translateY(${topPx}px)` }}>
            {rows.map((number) => (
              <LogRow
                key={number}
                number={number}
                digits={digits}
                line={model.line(number)}
                matcher={matcher}
                isChosen={number === asked}
                onChoose={onLine}
              />
            ))}
          </div>
        </div>
      </div>
      {count === 0 && model.lines !== undefined && <p className={classes.empty}>Nothing was written yet.</p>}
      {chosen !== undefined && asked !== undefined && (
        <div className={classes.detail}>
          <span className={classes.detailNumber}>Line {shownCount(asked)}</span>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
          <pre tabIndex={0}>{plainText(chosen.text)}</pre>
          <Copy text={plainText(chosen.text)} what="the line" />
          <Button kind="bare" size="small" aria-label="Close the line" onClick={() => onLine(undefined)}>
            <X aria-hidden />
          </Button>
        </div>
      )}
    </section>
  );
}
