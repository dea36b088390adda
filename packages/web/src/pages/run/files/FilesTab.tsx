// The files of a run: logs, outputs, whatever was uploaded to it.
import type { Artifact, Page } from "@malachite/client";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { FolderDown } from "lucide-react";
import { useMemo } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { useTell } from "../../../parts/Toasts.tsx";
import { keyOf } from "../../../service/queries.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { FileBrowser } from "./FileBrowser.tsx";
import { type FileSource, Preview } from "./Preview.tsx";

export function FilesTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { path } = useSearch({ from: "/runs/$runId/files" });
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const tell = useTell();
  const run = workspace.run(runId);
  const key = [keyOf(workspace), "ofRun", runId, "files"];
  const files = useInfiniteQuery({
    queryKey: [...key, "list"],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const pages = run.artifacts.list({ abortSignal: signal }).byPage({ continuationToken: pageParam });
      const page: Page<Artifact> | undefined = (await pages.next()).value;
      return page ?? { value: [] };
    },
    getNextPageParam: ({ continuationToken }) => continuationToken,
  });
  const entries = useMemo(
    () =>
      files.data?.pages.flatMap(({ value }) =>
        value.map((file) => ({ path: file.path ?? "", sizeBytes: undefined })),
      ) ?? [],
    [files.data],
  );
  const chosen = path ?? entries.find(({ path: each }) => each.startsWith("outputs/"))?.path;
  const facts = useQuery({
    queryKey: [...key, "facts", chosen],
    enabled: chosen !== undefined,
    queryFn: async ({ signal }) => {
      const { contentLength, stream, etag } = await run.artifacts.download(chosen ?? "", {
        abortSignal: signal,
      });
      await stream.cancel();
      return { sizeBytes: contentLength, etag };
    },
  });
  const saveAll = async () => {
    try {
      location.assign((await run.artifacts.zipLink()).uri);
    } catch (error) {
      tell.failed(error);
    }
  };
  if (files.error) return <FaultNote error={files.error} again={() => void files.refetch()} />;
  if (files.data === undefined) return <Waiting />;
  if (entries.length === 0)
    return (
      <Empty title="This run has no files">
        What its script writes into outputs/ and logs/ will be here, also while it runs.
      </Empty>
    );
  const source: FileSource | undefined =
    chosen === undefined || facts.data === undefined
      ? undefined
      : {
          path: chosen,
          sizeBytes: facts.data.sizeBytes,
          key: [...key, "start", chosen, facts.data.etag],
          read: async (offset, count, abortSignal) => {
            if (facts.data?.sizeBytes === 0) return new Uint8Array();
            return (await run.artifacts.download(chosen, { offset, count, abortSignal })).bytes();
          },
          link: async (as) => (await run.artifacts.link(chosen, { as })).uri,
        };
  return (
    <FileBrowser
      files={entries}
      chosen={chosen}
      choose={(next) => void navigate({ to: ".", search: (before) => ({ ...before, path: next }) })}
      head={
        <>
          <strong>
            {shownCount(entries.length)}
            {files.hasNextPage ? "+" : ""} files
          </strong>
          <Button size="small" onClick={() => void saveAll()}>
            <FolderDown aria-hidden /> All as a zip
          </Button>
        </>
      }
      foot={
        files.hasNextPage && (
          <Button size="small" onClick={() => void files.fetchNextPage()} disabled={files.isFetchingNextPage}>
            More files
          </Button>
        )
      }
    >
      {facts.error ? (
        <FaultNote error={facts.error} again={() => void facts.refetch()} />
      ) : source === undefined ? (
        <Empty title="Choose a file" />
      ) : (
        <Preview key={source.path} source={source} />
      )}
    </FileBrowser>
  );
}
