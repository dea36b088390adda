// How a first run is submitted: one button, or three ways to take along.
import { useNavigate } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useState } from "react";
import { Button } from "../../parts/Button.tsx";
import { CodeBlock } from "../../parts/Copy.tsx";
import { useTell } from "../../parts/Toasts.tsx";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./StartPage.module.css";
import { waysToSubmit } from "./waysToSubmit.ts";

/** Greets, submits the example on request, and shows what to type elsewhere. */
export function StartPage() {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const tell = useTell();
  const [isBusy, setBusy] = useState(false);
  const runExample = async () => {
    setBusy(true);
    try {
      const { submitExample } = await import("./submitExample.ts");
      const { runId } = await submitExample(workspace);
      await navigate({ to: "/runs/$runId", params: { runId } });
    } catch (error) {
      tell.failed(error);
      setBusy(false);
    }
  };
  return (
    <div className={classes.page}>
      <section className={classes.hero} aria-labelledby="start-title">
        <h1 id="start-title">Submit a first run</h1>
        <p>
          A run is one execution of your script: its files are kept as a snapshot, its log is live, its
          metrics, outputs and exit code stay here. Runs go on when this service restarts.
        </p>
        <Button kind="primary" onClick={runExample} disabled={isBusy}>
          <Play aria-hidden />
          {isBusy ? "Submitting…" : "Run the example"}
        </Button>
        <p className={classes.aside}>
          It fits a line to noisy points for 20 epochs. It needs python3 and nothing else.
        </p>
      </section>
      <h2>Or from where your code is</h2>
      <div className={classes.ways}>
        {waysToSubmit(location.origin, workspace.address).map(({ name, about, code }) => (
          <div key={name}>
            <h3>{name}</h3>
            <p className={classes.aside}>{about}</p>
            <CodeBlock code={code} what={name} />
          </div>
        ))}
      </div>
    </div>
  );
}
