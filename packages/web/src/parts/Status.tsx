// The status of a run: a word, a colour and a shape, so that it is told without seeing colours.
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleEllipsis,
  CircleHelp,
  CirclePlay,
  CircleX,
  type LucideIcon,
} from "lucide-react";
import classes from "./Status.module.css";

type Look = { readonly tone: "good" | "bad" | "busy" | "warn" | "quiet"; readonly Icon: LucideIcon };
const LOOKS: Readonly<Record<string, Look>> = {
  NotStarted: { tone: "warn", Icon: CircleDashed },
  Starting: { tone: "busy", Icon: CircleEllipsis },
  Provisioning: { tone: "busy", Icon: CircleEllipsis },
  Preparing: { tone: "busy", Icon: CircleEllipsis },
  Queued: { tone: "warn", Icon: CircleDashed },
  Running: { tone: "busy", Icon: CirclePlay },
  Finalizing: { tone: "busy", Icon: CircleEllipsis },
  CancelRequested: { tone: "quiet", Icon: Ban },
  Completed: { tone: "good", Icon: CircleCheck },
  Failed: { tone: "bad", Icon: CircleX },
  Canceled: { tone: "quiet", Icon: Ban },
  NotResponding: { tone: "bad", Icon: CircleHelp },
};
const UNKNOWN: Look = { tone: "quiet", Icon: CircleHelp };

/** How a status looks, for parts that show it in another way. */
export const lookOf = (status: string | undefined): Look => LOOKS[status ?? ""] ?? UNKNOWN;

/** `bare`: only the shape, with the word for readers of the screen. */
export function Status({ status, bare }: { readonly status: string | undefined; readonly bare?: boolean }) {
  const { tone, Icon } = lookOf(status);
  const moving = tone === "busy" && status === "Running";
  return (
    <span
      className={`${classes.status} ${classes[tone]} ${bare ? classes.bare : ""} ${moving ? classes.moving : ""}`}
      title={bare ? status : undefined}
    >
      <Icon aria-hidden />
      <span className={bare ? "visually-hidden" : undefined}>{status ?? "Unknown"}</span>
    </span>
  );
}
