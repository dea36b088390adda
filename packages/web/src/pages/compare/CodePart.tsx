// The projects of two runs: which files differ by their hashes, and of those the lines. Files that are the same are never fetched.
import type { ProjectFile, WorkspaceClient } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { shownCount, shownSize } from "../../parts/numbers.ts";
import { keyOf } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./CodePart.module.css";
import type { ComparedRun } from "./comparedRuns.ts";
import { DiffView } from "./DiffView.tsx";
import { type ChangedFile, changedFiles, isText } from "./snapshots.ts";

const MOST_FILES = 50_000;
/** Larger files are told, not compared: a page is no place for them. */
const MOST_BYTES = 1024 * 1024;
/** So many changed files are open from the start. */
const MOST_OPEN = 8;

const snapshotOf = ({ run, definition }: ComparedRun): string | undefined =>
  definition?.snapshotId ?? run?.properties?.ContentSnapshotId ?? undefined;

/** All files of a snapshot. It never changes. */
const filesQuery = (workspace: WorkspaceClient, snapshotId: string | undefined) => ({
  queryKey: [keyOf(workspace), "snapshot", snapshotId, "hashes"],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const files: ProjectFile[] = [];
    if (snapshotId === undefined) return { files, isWhole: true };
    for await (const file of workspace.listSnapshotFiles(snapshotId, { abortSignal: signal })) {
      if (files.length === MOST_FILES) return { files, isWhole: false };
      files.push(file);
    }
    return { files, isWhole: true };
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export function CodePart({ left, right }: { readonly left: ComparedRun; readonly right: ComparedRun }) {
  const workspace = useWorkspace();
  const [a, b] = [snapshotOf(left), snapshotOf(right)];
  const leftFiles = useQuery(filesQuery(workspace, a));
  const rightFiles = useQuery(filesQuery(workspace, b));
  const changed = useMemo(
    () => changedFiles(leftFiles.data?.files ?? [], rightFiles.data?.files ?? []),
    [leftFiles.data, rightFiles.data],
  );
  if (a === undefined && b === undefined) return <Empty title="Neither run has a snapshot" />;
  const error = leftFiles.error ?? rightFiles.error;
  if (error) return <FaultNote error={error} />;
  if (leftFiles.data === undefined || rightFiles.data === undefined) return <Waiting />;
  if (a === b || changed.length === 0)
    return (
      <Empty title="The code is the same">
        <p>{shownCount(leftFiles.data.files.length)} files, each with the same content.</p>
      </Empty>
    );
  const isWhole = leftFiles.data.isWhole && rightFiles.data.isWhole;
  return (
    <div className={classes.part}>
      <p className={classes.summary}>
        {shownCount(changed.length)} {changed.length === 1 ? "file differs" : "files differ"} of{" "}
        {shownCount(Math.max(leftFiles.data.files.length, rightFiles.data.files.length))}.
        {!isWhole && ` Only the first ${shownCount(MOST_FILES)} files are looked at.`}
      </p>
      {changed.slice(0, 500).map((file, i) => (
        <File key={file.path} file={file} snapshots={[a, b]} isOpen={i < MOST_OPEN} />
      ))}
      {changed.length > 500 && (
        <p className={classes.summary}>And {shownCount(changed.length - 500)} more.</p>
      )}
    </div>
  );
}

type Snapshots = readonly [string | undefined, string | undefined];

function File({
  file,
  snapshots,
  isOpen: isOpenFirst,
}: {
  readonly file: ChangedFile;
  readonly snapshots: Snapshots;
  readonly isOpen: boolean;
}) {
  const [isOpen, setIsOpen] = useState(isOpenFirst);
  const { path, left, right } = file;
  const word =
    left === undefined
      ? "added"
      : right === undefined
        ? "removed"
        : left.sha256 === right.sha256
          ? "mode"
          : "changed";
  return (
    <section className={classes.file} aria-label={path}>
      <h2>
        <button type="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          {isOpen ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden />}
          <span className={classes.path}>{path}</span>
          <span className={classes[word]}>{word}</span>
          <span className={classes.size}>
            {[left, right].map((one) => (one ? shownSize(one.sizeBytes) : "–")).join(" → ")}
          </span>
        </button>
      </h2>
      {isOpen && <FileDiff file={file} snapshots={snapshots} />}
    </section>
  );
}

function FileDiff({ file, snapshots }: { readonly file: ChangedFile; readonly snapshots: Snapshots }) {
  const workspace = useWorkspace();
  const { path, left, right } = file;
  const isLarge = Math.max(left?.sizeBytes ?? 0, right?.sizeBytes ?? 0) > MOST_BYTES;
  const isMode = left !== undefined && right !== undefined && left.sha256 === right.sha256;
  const query = useQuery({
    queryKey: [keyOf(workspace), "snapshotFiles", left?.sha256, right?.sha256],
    queryFn: async ({ signal }) => {
      const read = async (snapshotId: string | undefined, one: ProjectFile | undefined) => {
        if (snapshotId === undefined || one === undefined || one.sizeBytes === 0) return new Uint8Array();
        const file = await workspace.downloadSnapshotFile(snapshotId, path, { abortSignal: signal });
        return file.bytes();
      };
      const [a, b] = await Promise.all([read(snapshots[0], left), read(snapshots[1], right)]);
      if (!isText(a) || !isText(b)) return null;
      const decoder = new TextDecoder();
      return { left: decoder.decode(a), right: decoder.decode(b) };
    },
    enabled: !isLarge && !isMode,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  if (isMode)
    return (
      <p className={classes.told}>
        The content is the same; {right.executable ? "only on the right" : "only on the left"} it can be
        executed.
      </p>
    );
  if (isLarge)
    return (
      <p className={classes.told}>
        Larger than {shownSize(MOST_BYTES)}: its content differs, its lines are not compared.
      </p>
    );
  if (query.error) return <FaultNote error={query.error} again={() => void query.refetch()} />;
  if (query.isPending) return <Waiting />;
  if (query.data === null) return <p className={classes.told}>This is no text: its content differs.</p>;
  return <DiffView label={`Lines of ${path}`} left={query.data.left} right={query.data.right} />;
}
