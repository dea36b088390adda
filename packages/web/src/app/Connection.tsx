// Whether what is shown is live.
import { useConnection } from "../service/live.tsx";
import classes from "./Connection.module.css";

const WORDS = {
  opening: { label: "Connecting", title: "Connecting to the service" },
  live: { label: "Live", title: "What you see is live" },
  lost: {
    label: "Offline",
    title: "The connection is lost. It is tried again by itself; what you see may be old.",
  },
} as const;

/** A mark in the head of the page; a lost connection is told aloud. */
export function Connection() {
  const state = useConnection();
  const { label, title } = WORDS[state];
  return (
    <span className={`${classes.connection} ${classes[state]}`} title={title} role="status">
      <span className={classes.dot} aria-hidden />
      <span className={state === "lost" ? undefined : "visually-hidden"}>{label}</span>
    </span>
  );
}
