// One metric in the grid: its name, what can be done with it, and what it shows once it is in view.
import type { RunMetric } from "@malachite/client";
import { Maximize2 } from "lucide-react";
import { memo, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { useInView } from "../../../parts/plot/useInView.ts";
import { ChartBody } from "./ChartBody.tsx";
import { panelKind, shortName } from "./groups.ts";
import { ImagesBody } from "./ImagesBody.tsx";
import classes from "./Panel.module.css";
import { PlotBody } from "./PlotBody.tsx";
import { PlotMenu } from "./PlotMenu.tsx";
import { RowsBody } from "./RowsBody.tsx";
import type { MetricsView } from "./view.ts";

export type PanelProps = {
  readonly runId: string;
  readonly metric: RunMetric;
  readonly view: MetricsView;
  readonly change: (part: Partial<MetricsView>) => void;
};

export const Panel = memo(function Panel({ prefix, ...props }: PanelProps & { readonly prefix: string }) {
  const { metric, change } = props;
  const [ref, isInView] = useInView<HTMLElement>();
  const [canvas, setCanvas] = useState<HTMLCanvasElement>();
  const kind = panelKind(metric);
  return (
    <article ref={ref} className={classes.panel} aria-label={metric.name}>
      <header className={classes.head}>
        <h3 title={metric.name}>{shortName(metric.name, prefix)}</h3>
        <Button
          kind="bare"
          size="small"
          aria-label={`Show ${metric.name} large`}
          title="Show large"
          onClick={() => change({ plot: metric.name })}
        >
          <Maximize2 aria-hidden />
        </Button>
        <PlotMenu
          runIds={[props.runId]}
          metric={metric}
          showNumbers={
            kind === "plot" || kind === "table"
              ? () => change({ plot: metric.name, numbers: true })
              : undefined
          }
          canvas={canvas}
        />
      </header>
      <div className={classes.body}>
        {isInView && kind === "plot" && <PlotBody {...props} points={400} canvas={setCanvas} />}
        {isInView && kind === "table" && <RowsBody {...props} />}
        {isInView && kind === "images" && <ImagesBody {...props} />}
        {isInView && kind === "chart" && <ChartBody {...props} />}
      </div>
    </article>
  );
});
