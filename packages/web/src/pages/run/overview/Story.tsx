// Everything that happened to a run: who did what, when, and why.
import type { StoryEntry } from "@malachite/client";
import { useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Panel } from "./Panel.tsx";
import classes from "./Story.module.css";

const WORDS: Readonly<Record<string, string>> = {
  submitted: "submitted it",
  created: "made it",
  packed: "took it along as a local run",
  claimed: "took it out of the queue",
  preparing: "began to make its environment and bring its data",
  prepared: "has its environment and data ready",
  environmentReady: "made its environment, which was all",
  environmentPrepared: "has its environment ready",
  dataSent: "sent what it made to its datastores",
  launched: "handed it to the compute target",
  started: "saw its script begin",
  retried: "starts it again",
  cleared: "cleared away the attempt before",
  ended: "saw its script end",
  succeeded: "kept its outputs and closed it",
  failed: "closed it as failed",
  cancelAsked: "asked for its end",
  stopped: "ended its processes",
  letGo: "let go of it, without asking its machine",
  released: "freed what it held",
  reported: "reported its status",
};
const MANY = 40;
const time = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  hourCycle: "h23",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** The service's own name for itself is long and says nothing to people. */
const shownActor = (actor: string): string => (/^[0-9a-f-]{36}\//.test(actor) ? "The service" : actor);

/** Newest first. */
export function Story({ story }: { readonly story: readonly StoryEntry[] | undefined }) {
  const [all, setAll] = useState(false);
  if (story === undefined || story.length === 0) return null;
  const newest = story.toReversed();
  return (
    <Panel title="Story">
      <ol className={classes.story}>
        {(all ? newest : newest.slice(0, MANY)).map(({ at, event, status, actor, cause }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: counted from the oldest, which stays the first
          <li key={newest.length - index}>
            <time dateTime={at} title={`${at.replace("T", " ").replace("Z", "")} UTC`}>
              {time.format(new Date(at))}
            </time>
            <span>
              <span title={actor}>{shownActor(actor)}</span> {WORDS[event] ?? event}
              {event === "reported" && `: ${status}`}
              {cause && <span className={classes.cause}> {cause}</span>}
            </span>
          </li>
        ))}
      </ol>
      {!all && newest.length > MANY && (
        <Button size="small" onClick={() => setAll(true)}>
          {newest.length - MANY} earlier
        </Button>
      )}
    </Panel>
  );
}
