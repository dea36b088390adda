// What can be taken along of a metric.
import { EllipsisVertical } from "lucide-react";
import { Button } from "../../../parts/Button.tsx";
import { Menu, MenuItem } from "../../../parts/Menu.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { copyPicture, savePicture } from "../../../parts/plot/picture.ts";
import { useTell } from "../../../parts/Toasts.tsx";
import { saveMetric } from "../../../service/metricCsv.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { panelKind } from "./groups.ts";
import type { PanelProps } from "./Panel.tsx";

export function PlotMenu({
  runId,
  metric,
  change,
  canvas,
}: PanelProps & { readonly canvas: HTMLCanvasElement | undefined }) {
  const workspace = useWorkspace();
  const tell = useTell();
  const title = metric.name;
  const trying = (act: () => Promise<string>) => () =>
    void act().then(
      (text) => tell.done(text),
      (error: unknown) => tell.failed(error),
    );
  const hasRows = panelKind(metric) === "plot" || panelKind(metric) === "table";
  return (
    <Menu
      trigger={
        <Button kind="bare" size="small" aria-label={`More of ${metric.name}`}>
          <EllipsisVertical aria-hidden />
        </Button>
      }
    >
      {hasRows && (
        <MenuItem onSelect={() => change({ plot: metric.name, numbers: true })}>Show the numbers</MenuItem>
      )}
      <MenuItem
        onSelect={trying(async () => {
          const count = await saveMetric(workspace, [runId], metric);
          return `${shownCount(count)} rows of ${title} saved`;
        })}
      >
        Download CSV
      </MenuItem>
      {canvas && (
        <>
          <MenuItem onSelect={trying(async () => `Picture of ${title} ${await copyPicture(canvas, title)}`)}>
            Copy as picture
          </MenuItem>
          <MenuItem
            onSelect={trying(async () => {
              await savePicture(canvas, title);
              return `Picture of ${title} saved`;
            })}
          >
            Download PNG
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
