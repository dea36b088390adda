// Why a run failed: first, in full, with its chain of causes, the last lines of the log, and the way to the place in it.
import type { Run } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleX } from "lucide-react";
import { buttonClass } from "../../../parts/Button.tsx";
import { Copy } from "../../../parts/Copy.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { Time } from "../../../parts/Time.tsx";
import { plainText } from "../../../parts/terminalText.ts";
import { keyOf } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { causesOf } from "./causes.ts";
import classes from "./ErrorPanel.module.css";

/** For a run that has failed, or whose owner has reported an error. */
export function ErrorPanel({ run, runId }: { readonly run: Run; readonly runId: string }) {
  const { message, codes, details } = causesOf(run.error);
  const workspace = useWorkspace();
  const search = useQuery({
    queryKey: [keyOf(workspace), "ofRun", runId, "logError", run.status],
    queryFn: async ({ signal }) => {
      const { logs } = workspace.run(runId);
      // A run that failed before it began has no log.
      const hasLog = (await logs.list({ abortSignal: signal })).length > 0;
      return hasLog ? await logs.findError({ abortSignal: signal }) : null;
    },
  });
  const found = search.data?.error;
  const said = message || "The run failed; nobody has said why.";
  const properties = run.properties ?? {};
  const exit = properties["malachite.exitCode"];
  const signal = properties["malachite.signal"];
  return (
    <section className={classes.error} aria-label="Error">
      <CircleX aria-hidden />
      <div className={classes.text}>
        <div className={classes.head}>
          <p className={classes.message}>{said}</p>
          <Copy text={[said, codes.join(" › "), ...details.map(shown)].join("\n")} what="error" />
        </div>
        {details.length > 0 && (
          <ul className={classes.details}>
            {details.map((detail) => (
              <li key={shown(detail)}>
                {detail.target && <code>{detail.target}</code>} {detail.message ?? detail.code}
              </li>
            ))}
          </ul>
        )}
        <p className={classes.facts}>
          {codes.length > 0 && (
            <span>
              <span className="visually-hidden">Causes: </span>
              {codes.join(" › ")}
            </span>
          )}
          {exit !== undefined && <span>exit code {exit}</span>}
          {signal !== undefined && <span>signal {signal}</span>}
          {run.error?.time && (
            <span>
              <Time at={run.error.time} />
            </span>
          )}
        </p>
        {found && !said.includes(found.message.trim()) && (
          <div className={classes.found}>
            <code>{plainText(found.message)}</code>
            <span>in the log, line {shownCount(found.line)}</span>
          </div>
        )}
        <Link
          to="/runs/$runId/logs"
          params={{ runId }}
          search={{ line: found?.line }}
          className={buttonClass({ size: "small" })}
        >
          See it in the log
        </Link>
      </div>
    </section>
  );
}

const shown = ({ code, message, target }: { code?: string; message?: string; target?: string }): string =>
  [target, message ?? code].filter(Boolean).join(": ");
