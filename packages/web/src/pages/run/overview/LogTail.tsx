// The last lines of a run's log, live.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useFollowedLog } from "../../../service/live.tsx";
import type { LogFollower } from "../../../service/liveStream.ts";
import { keyOf } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import classes from "./LogTail.module.css";
import { Panel } from "./Panel.tsx";
import { addToTail, linesOf, NO_TAIL, readTail, type Tail } from "./readTail.ts";

/** Follows the log from its end on while the run goes on. */
export function LogTail({ runId, ended }: { readonly runId: string; readonly ended: boolean }) {
  const { lines, isRead } = useTail(runId, ended);
  return (
    <Panel
      title="Log"
      aside={
        <Link to="/runs/$runId/logs" params={{ runId }}>
          Whole log
        </Link>
      }
    >
      {lines.length === 0 ? (
        <p className={classes.none}>
          {!isRead
            ? "…"
            : ended
              ? "It has written nothing."
              : "Nothing yet. What it writes appears here as it does."}
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        <pre className={classes.lines} tabIndex={0}>
          {lines.join("\n")}
        </pre>
      )}
    </Panel>
  );
}

/** The last lines as they are now. */
export function useTail(
  runId: string,
  ended: boolean,
): { readonly lines: readonly string[]; readonly isRead: boolean } {
  const workspace = useWorkspace();
  const start = useQuery({
    queryKey: [keyOf(workspace), "ofRun", runId, "logTail", ended],
    queryFn: ({ signal }) => readTail(workspace.run(runId), signal),
    placeholderData: (before) => before,
    // What was read before may be long ago by now; what came since comes by the stream.
    staleTime: 0,
    gcTime: 0,
  });
  const [tail, setTail] = useState<Tail>(NO_TAIL);
  useEffect(() => {
    if (start.data) setTail(start.data.tail);
  }, [start.data]);
  const place = ended || start.isPlaceholderData ? undefined : start.data?.place;
  const follower = useMemo((): LogFollower | undefined => {
    if (place === undefined) return undefined;
    let decoder = new TextDecoder();
    return {
      runId,
      place,
      onNews: (news) => {
        if (news.kind === "restart") {
          decoder = new TextDecoder();
          setTail(NO_TAIL);
        }
        if (news.kind !== "log") return;
        const text = decoder.decode(news.bytes, { stream: true });
        setTail((now) => addToTail(now, text));
      },
    };
  }, [runId, place]);
  useFollowedLog(follower);
  return { lines: linesOf(tail), isRead: start.data !== undefined };
}
