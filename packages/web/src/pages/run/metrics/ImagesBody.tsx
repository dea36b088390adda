// Images that a run logged: one at a time, with a slider over them. They are fetched by the client and shown as images only, never
// as documents, so nothing in them runs.
import { artifactOfMetric, type WorkspaceClient } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { Time } from "../../../parts/Time.tsx";
import { rowsQuery } from "../../../service/metrics.ts";
import { keyOf } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import classes from "./ImagesBody.module.css";
import { imageType } from "./imageType.ts";
import type { PanelProps } from "./Panel.tsx";

const MOST_BYTES = 32 * 1024 * 1024;

export function ImagesBody({ runId, metric }: Pick<PanelProps, "runId" | "metric">) {
  const workspace = useWorkspace();
  const query = useQuery(rowsQuery(workspace, runId, metric));
  const images = useMemo(
    () =>
      (query.data?.rows ?? []).flatMap(({ data, step, createdUtc }) =>
        Object.values(data).flatMap((cell) => {
          const file = artifactOfMetric(cell);
          return file && file.container === `dcid.${runId}` ? [{ path: file.path, step, createdUtc }] : [];
        }),
      ),
    [query.data, runId],
  );
  // Without a choice the newest is shown, also when another one comes.
  const [chosen, setChosen] = useState<number>();
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined) return <Waiting />;
  const at = Math.min(chosen ?? images.length - 1, images.length - 1);
  const image = images[at];
  if (image === undefined) return <Empty title="No image of this run is named here" />;
  const place = image.step === undefined ? `${at + 1} of ${images.length}` : `Step ${shownCount(image.step)}`;
  return (
    <figure className={classes.images}>
      <Picture key={image.path} runId={runId} path={image.path} label={`${metric.name}, ${place}`} />
      <figcaption>
        <span className={classes.place}>{place}</span>
        {images.length > 1 ? (
          <input
            type="range"
            aria-label={`Image of ${metric.name}`}
            aria-valuetext={place}
            min={0}
            max={images.length - 1}
            value={at}
            onChange={(event) => {
              const next = Number(event.target.value);
              setChosen(next === images.length - 1 ? undefined : next);
            }}
          />
        ) : (
          <span />
        )}
        <Time at={image.createdUtc} />
      </figcaption>
    </figure>
  );
}

const imageQuery = (workspace: WorkspaceClient, runId: string, path: string) => ({
  queryKey: [keyOf(workspace), "imageOf", runId, path],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const file = await workspace
      .run(runId)
      .artifacts.download(path, { count: MOST_BYTES + 1, abortSignal: signal });
    const bytes = await file.bytes();
    if (bytes.length > MOST_BYTES) return { refused: "The image is larger than 32 MB." } as const;
    const type = imageType(bytes);
    return type === undefined
      ? ({ refused: "The file is no image that browsers know." } as const)
      : { blob: new Blob([bytes], { type }) };
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: 60_000,
});

function Picture({
  runId,
  path,
  label,
}: {
  readonly runId: string;
  readonly path: string;
  readonly label: string;
}) {
  const workspace = useWorkspace();
  const query = useQuery(imageQuery(workspace, runId, path));
  const blob = query.data && "blob" in query.data ? query.data.blob : undefined;
  const [uri, setUri] = useState<string>();
  const [isBroken, setIsBroken] = useState(false);
  useEffect(() => {
    if (blob === undefined) return;
    const made = URL.createObjectURL(blob);
    setUri(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (query.error) return <FaultNote error={query.error} />;
  if (query.data === undefined) return <Waiting />;
  const refused =
    "refused" in query.data ? query.data.refused : isBroken ? "The image is broken." : undefined;
  if (refused !== undefined)
    return (
      <Empty title={refused}>
        <Link to="/runs/$runId/files" params={{ runId }} search={{ path }}>
          {path}
        </Link>
      </Empty>
    );
  return (
    <div className={classes.picture}>
      {uri && <img src={uri} alt={label} onError={() => setIsBroken(true)} />}
    </div>
  );
}
