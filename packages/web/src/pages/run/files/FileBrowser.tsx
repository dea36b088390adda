// Files as a tree at the left, the chosen one at the right; on a telephone one after the other.
import { ChevronDown, ChevronRight, File, Folder as FolderIcon } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { shownCount, shownSize } from "../../../parts/numbers.ts";
import classes from "./FileBrowser.module.css";
import { type FileEntry, type Folder, fileTree } from "./fileTree.ts";

type Props = {
  readonly files: readonly FileEntry[];
  readonly chosen: string | undefined;
  readonly choose: (path: string) => void;
  /** Above the tree. */
  readonly head: ReactNode;
  /** Below it: for instance how to see more. */
  readonly foot?: ReactNode;
  readonly children: ReactNode;
};

export function FileBrowser({ files, chosen, choose, head, foot, children }: Props) {
  const [words, setWords] = useState("");
  const tree = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    return fileTree(wanted === "" ? files : files.filter(({ path }) => path.toLowerCase().includes(wanted)));
  }, [files, words]);
  return (
    <div className={classes.browser}>
      <nav className={classes.side} aria-label="Files">
        <div className={classes.head}>{head}</div>
        <input
          type="search"
          aria-label="Find files"
          placeholder="Find files"
          className={classes.find}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <div className={classes.tree}>
          <Entries folder={tree} depth={0} chosen={chosen} choose={choose} allOpen={words.trim() !== ""} />
          {foot}
        </div>
      </nav>
      <div className={classes.main}>{children}</div>
    </div>
  );
}

type EntriesProps = Pick<Props, "chosen" | "choose"> & {
  readonly folder: Folder;
  readonly depth: number;
  readonly allOpen: boolean;
};

function Entries({ folder, depth, chosen, choose, allOpen }: EntriesProps) {
  return (
    <ul>
      {folder.folders.map((inside) => (
        <FolderEntry
          key={inside.path}
          folder={inside}
          depth={depth}
          chosen={chosen}
          choose={choose}
          allOpen={allOpen}
        />
      ))}
      {folder.files.map(({ path, name, sizeBytes }) => (
        <li key={path}>
          <button
            type="button"
            className={classes.entry}
            style={{ paddingLeft: 8 + depth * 16 }}
            aria-current={path === chosen ? "true" : undefined}
            title={path}
            onClick={() => choose(path)}
          >
            <File aria-hidden />
            <span className={classes.name}>{name}</span>
            <span className={classes.size}>{sizeBytes === undefined ? "" : shownSize(sizeBytes)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Small folders, and those on the way to the chosen file, are open from the start. */
function FolderEntry({ folder, depth, chosen, choose, allOpen }: EntriesProps) {
  const [isOpen, setOpen] = useState<boolean>();
  const open = isOpen ?? (allOpen || folder.count <= 40 || (chosen?.startsWith(folder.path) ?? false));
  return (
    <li>
      <button
        type="button"
        className={classes.entry}
        style={{ paddingLeft: 8 + depth * 16 }}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden />}
        <FolderIcon aria-hidden />
        <span className={classes.name}>{folder.name || "/"}</span>
        <span className={classes.size}>
          {shownCount(folder.count)}
          {folder.sizeBytes > 0 && ` · ${shownSize(folder.sizeBytes)}`}
        </span>
      </button>
      {open && (
        <Entries folder={folder} depth={depth + 1} chosen={chosen} choose={choose} allOpen={allOpen} />
      )}
    </li>
  );
}
