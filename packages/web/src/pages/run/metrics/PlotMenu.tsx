// What can be taken along of a metric.
import type { RunMetric } from "@malachite/client";
import { EllipsisVertical } from "lucide-react";
import { Button } from "../../../parts/Button.tsx";
import { Menu, MenuItem } from "../../../parts/Menu.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { copyPicture, savePicture } from "../../../parts/plot/picture.ts";
import { useTell } from "../../../parts/Toasts.tsx";
import { saveMetric } from "../../../service/metricCsv.ts";
import { useWorkspace } from "../../../service/service.tsx";

export function PlotMenu({
  runIds,
  metric,
  showNumbers,
  canvas,
}: {
  readonly runIds: readonly string[];
  readonly metric: Pick<RunMetric, "name" | "namespace" | "columns">;
  /** Where they can be shown. */
  readonly showNumbers?: () => void;
  readonly canvas: HTMLCanvasElement | undefined;
}) {
  const workspace = useWorkspace();
  const tell = useTell();
  const title = metric.name;
  const trying = (act: () => Promise<string>) => () =>
    void act().then(
      (text) => tell.done(text),
      (error: unknown) => tell.failed(error),
    );
  return (
    <Menu
      trigger={
        <Button kind="bare" size="small" aria-label={`More of ${metric.name}`}>
          <EllipsisVertical aria-hidden />
        </Button>
      }
    >
      {showNumbers && <MenuItem onSelect={showNumbers}>Show the numbers</MenuItem>}
      <MenuItem
        onSelect={trying(async () => {
          const count = await saveMetric(workspace, runIds, metric);
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
