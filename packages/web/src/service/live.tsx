// What the service tells while it happens: one stream for the whole page, whatever the page shows.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { type ConnectionState, LiveStream, type LogFollower, type News } from "./liveStream.ts";
import { paced } from "./paced.ts";
import { keyOf } from "./queries.ts";
import { useWorkspace } from "./service.tsx";

/** Lines move in bursts: they are looked at again at most so often. */
const LINES_MS = 250;

const LiveContext = createContext<LiveStream | undefined>(undefined);

/** Opens the stream of the workspace for the parts below, and keeps what they have fetched up to date. */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const [live, setLive] = useState<LiveStream>();
  useEffect(() => {
    const stream = new LiveStream(workspace);
    const lines = paced(
      () => queries.invalidateQueries({ queryKey: [keyOf(workspace), "targets"] }),
      LINES_MS,
    );
    const stop = stream.listen((news) => {
      refresh(news, keyOf(workspace), queries);
      // A run that goes on changes how its line is shown, too.
      if (news.kind === "queue" || news.kind === "run") lines.add(undefined);
    });
    setLive(stream);
    stream.open();
    return () => {
      stop();
      lines.stop();
      stream.close();
    };
  }, [workspace, queries]);
  return live === undefined ? null : <LiveContext value={live}>{children}</LiveContext>;
}

/** What was fetched and is out of date by these news. Lists of runs look after themselves: they listen too. */
function refresh(news: News, workspace: string, queries: QueryClient): void {
  switch (news.kind) {
    case "run":
      queries.setQueryData([workspace, "run", news.run.runId], news.run);
      void queries.invalidateQueries({ queryKey: [workspace, "ofRun", news.run.runId, "record"] });
      return;
    case "metrics":
      void queries.invalidateQueries({ queryKey: [workspace, "ofRun", news.runId, "metrics"] });
      return;
    case "files":
      void queries.invalidateQueries({ queryKey: [workspace, "ofRun", news.runId, "files"] });
      return;
    case "queue":
      return;
    case "reset":
      void queries.invalidateQueries({ queryKey: [workspace] });
      return;
  }
}

const useStream = (): LiveStream => {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error("live news are for parts below LiveProvider");
  return live;
};

/** Whether the stream is there. */
export function useConnection(): ConnectionState {
  const live = useStream();
  return useSyncExternalStore(live.onConnection, () => live.connection);
}

/** Calls back with all news while the part is shown. */
export function useNews(listener: (news: News) => void): void {
  const live = useStream();
  const current = useRef(listener);
  useEffect(() => {
    current.current = listener;
  });
  useEffect(() => live.listen((news) => current.current(news)), [live]);
}

/** Has the files of a run looked at while the part is shown: `files` news come for runs that are looked at. */
export function useWatchedRun(runId: string): void {
  const live = useStream();
  useEffect(() => live.watch(runId), [live, runId]);
}

/** Follows a log from a place on while the part is shown; `follower` must stay the same object. */
export function useFollowedLog(follower: LogFollower | undefined): void {
  const live = useStream();
  useEffect(() => (follower === undefined ? undefined : live.follow(follower)), [live, follower]);
}
