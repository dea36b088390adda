// The project as it ran: the files of the run's snapshot.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { FolderDown } from "lucide-react";
import { Button } from "../../../parts/Button.tsx";
import { Copy } from "../../../parts/Copy.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { useTell } from "../../../parts/Toasts.tsx";
import { keyOf, runQuery } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { FileBrowser } from "./FileBrowser.tsx";
import { type FileSource, Preview } from "./Preview.tsx";

/** A project has so many files at most here; the zip has all. */
const MOST_FILES = 10_000;

export function SnapshotTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { path } = useSearch({ from: "/runs/$runId/snapshot" });
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const tell = useTell();
  const run = useQuery(runQuery(workspace, runId));
  const snapshotId = run.data?.properties?.ContentSnapshotId;
  const key = [keyOf(workspace), "snapshot", snapshotId];
  const files = useQuery({
    queryKey: key,
    enabled: snapshotId !== undefined,
    // A snapshot never changes.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const found: { path: string; sizeBytes: number }[] = [];
      for await (const file of workspace.listSnapshotFiles(snapshotId ?? "", { abortSignal: signal })) {
        found.push({ path: file.path, sizeBytes: file.sizeBytes });
        if (found.length >= MOST_FILES) break;
      }
      return found;
    },
  });
  if (run.data !== undefined && snapshotId === undefined)
    return (
      <Empty title="This run has no snapshot">It was executed elsewhere, and its project was not sent.</Empty>
    );
  if (files.error) return <FaultNote error={files.error} again={() => void files.refetch()} />;
  if (files.data === undefined || snapshotId === undefined) return <Waiting />;
  const saveAll = async () => {
    try {
      const stream = await workspace.downloadSnapshot(snapshotId);
      const url = URL.createObjectURL(await new Response(stream as ReadableStream).blob());
      const link = document.createElement("a");
      link.href = url;
      link.download = `${runId}-snapshot.zip`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      tell.failed(error);
    }
  };
  const chosen =
    path ?? files.data.find((file) => file.path === run.data?.scriptName)?.path ?? files.data[0]?.path;
  const found = files.data.find((file) => file.path === chosen);
  const source: FileSource | undefined = found && {
    ...found,
    key: [...key, found.path],
    read: async (offset, count, abortSignal) =>
      found.sizeBytes === 0
        ? new Uint8Array()
        : (
            await workspace.downloadSnapshotFile(snapshotId, found.path, { offset, count, abortSignal })
          ).bytes(),
  };
  return (
    <FileBrowser
      files={files.data}
      chosen={chosen}
      choose={(next) => void navigate({ to: ".", search: (before) => ({ ...before, path: next }) })}
      head={
        <>
          <span>
            <strong>Snapshot</strong> <Copy text={snapshotId} what="the snapshot's id" />
          </span>
          <Button size="small" onClick={() => void saveAll()}>
            <FolderDown aria-hidden /> Zip
          </Button>
        </>
      }
    >
      {source === undefined ? (
        <Empty title="The snapshot has no file of that name">{chosen}</Empty>
      ) : (
        <Preview key={source.path} source={source} />
      )}
    </FileBrowser>
  );
}
