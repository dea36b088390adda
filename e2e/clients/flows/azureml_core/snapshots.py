"""Projects on their way to the service: what is sent, what is kept, what comes back."""
import io
import json
import os
import shutil
import zipfile

from azureml.core import Experiment, Run

MAIN = """\
import os, sys
for folder, _, names in sorted(os.walk(".")):
    for name in sorted(names):
        path = os.path.relpath(os.path.join(folder, name), ".")
        if not path.startswith(("outputs", "logs")):
            sys.stdout.buffer.write(("FILE %s %d\\n" % (path, os.path.getsize(path))).encode("utf-8"))
"""


def _experiment(t):
    return Experiment(t.workspace(), t.name("snapshots"))


def _snapshot_id(run):
    return run.get_details()["properties"]["ContentSnapshotId"]


def _files_of_zip(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.filename.endswith("/")}


def _restored(t, run, own=()):
    """The project as it comes back; the first releases put files of theirs into it, which are left out unless named."""
    files = _files_of_zip(run.restore_snapshot(path=t.folder({})))
    return {path: content for path, content in files.items() if path in own or not (t.first and _theirs(path))}


def _theirs(path):
    return path == ".amlignore" or path.startswith("aml_config/")


def _bytes(files):
    return {path: content if isinstance(content, bytes) else content.encode("utf-8") for path, content in files.items()}


def _write(folder, path, content):
    with io.open(os.path.join(folder, path), "wb") as file:
        file.write(content)


def _submit(t, experiment, folder):
    from azureml.core import ScriptRunConfig

    return experiment.submit(ScriptRunConfig(source_directory=folder, script="main.py", run_config=t.run_config()))


def _seen(t, run):
    """What the script saw in its folder: size by path."""
    target = os.path.join(_folder(run), "log.txt")
    run.download_file("user_logs/std_log.txt", target)
    with io.open(target, encoding="utf-8") as file:
        lines = [line.split(" ", 1)[1].rstrip("\n") for line in file if line.startswith("FILE ")]
    sizes = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in lines}
    return {path: size for path, size in sizes.items() if not (t.first and _theirs(path))}


def _folder(run):
    import tempfile

    return tempfile.mkdtemp(prefix=run.id[:20])


def flow_names(t):
    """Files of any name reach the script and come back the same"""
    files = {
        "main.py": MAIN,
        "a b/c d.txt": "spaces",
        u"\u00fc\u6f22\U0001f642/\u00e9.txt": "unicode",
        "50%/100%25.txt": "percent",
        "#1/a#b?.txt": "hash",
        "quote'\"s.txt": "quotes",
        "a+b&c=d;e.txt": "reserved",
        "10.txt": "ten",
        "9.txt": "nine",
        "empty.txt": "",
        "deep/" * 20 + "x.txt": "deep",
        "binary.bin": bytes(bytearray(range(256))) * 5000,
    }
    experiment = _experiment(t)
    run = _submit(t, experiment, t.folder(files))
    t.ended(run)
    wanted = _bytes(files)
    assert _seen(t, run) == {path: len(content) for path, content in wanted.items()}, _seen(t, run)
    assert _restored(t, run) == wanted


def flow_resubmits(t):
    """An unchanged project is not sent again; changed, new and deleted files are"""
    experiment = _experiment(t)
    marker = t.name("marker")
    files = {"main.py": MAIN, "pkg/a.py": "a", "pkg/b.py": "b", "gone.py": "gone", "marker.txt": marker}
    folder = t.folder(files)
    first = _submit(t, experiment, folder)
    again = _submit(t, experiment, folder)
    assert _snapshot_id(first) == _snapshot_id(again)
    _write(folder, "pkg/a.py", b"changed")
    _write(folder, "new.py", b"new")
    os.remove(os.path.join(folder, "gone.py"))
    changed = _submit(t, experiment, folder)
    assert _snapshot_id(changed) != _snapshot_id(first)
    _write(folder, "pkg/a.py", b"a")
    back = _submit(t, experiment, folder)
    for run in (first, again, changed, back):
        t.ended(run)
    wanted = {"main.py": MAIN.encode(), "pkg/a.py": b"changed", "pkg/b.py": b"b", "new.py": b"new", "marker.txt": marker.encode()}
    assert _restored(t, changed) == wanted
    assert _seen(t, changed) == {path: len(content) for path, content in wanted.items()}
    wanted["pkg/a.py"] = b"a"
    assert _restored(t, back) == wanted
    assert _restored(t, first) == _bytes(files)


def flow_many_files(t):
    """Many files at once, then some of them changed"""
    experiment = _experiment(t)
    files = {"main.py": MAIN}
    # The client needs tens of milliseconds for each file, so only the newest one has as many as the others together.
    count = 2000 if t.version >= (1, 61) else 300
    for i in range(count - 1):
        files["data/%d/%d.txt" % (i % 40, i)] = "%d %s" % (i, t.name("x"))
    folder = t.folder(files)
    first = _submit(t, experiment, folder)
    for i in range(20):
        path = "data/%d/%d.txt" % (i % 40, i)
        files[path] = "changed %d" % i
        _write(folder, path, files[path].encode())
    second = _submit(t, experiment, folder)
    for run in (first, second):
        t.ended(run)
    assert len(_seen(t, first)) == count
    assert _restored(t, second) == _bytes(files)


flow_many_files.seconds = 400


def flow_ignored(t):
    """.amlignore keeps files away, also those that .gitignore would take"""
    experiment = _experiment(t)
    files = {
        "main.py": MAIN,
        ".amlignore": "*.secret\ndata/\n!data/kept.txt\n",
        ".gitignore": "main.py\n",
        "a.secret": "s",
        "b.txt": "b",
        "data/x.txt": "x",
    }
    run = _submit(t, experiment, t.folder(files))
    t.ended(run)
    restored = _restored(t, run, own=[".amlignore"])
    assert sorted(restored) == [".amlignore", ".gitignore", "b.txt", "main.py"], sorted(restored)


def flow_large_file(t):
    """A file that is sent in blocks"""
    experiment = _experiment(t)
    block = os.urandom(1 << 20)
    files = {"main.py": MAIN, "model.bin": block * 80}
    run = _submit(t, experiment, t.folder(files))
    t.ended(run)
    assert _seen(t, run)["model.bin"] == 80 << 20
    assert _restored(t, run)["model.bin"] == files["model.bin"]


def flow_lost_cache(t):
    """A client without its cache goes on from the workspace's latest snapshot; a wrong cache is mended"""
    experiment = _experiment(t)
    folder = t.folder({"main.py": MAIN, "a.py": t.name("a")})
    first = _submit(t, experiment, folder)
    cache = os.path.join(os.path.expanduser("~"), ".azureml", ".projectcontent")
    found = [os.path.join(place, name) for place, _, names in os.walk(cache) for name in names if name == "latestsnapshot"]
    assert found, cache
    shutil.rmtree(cache)
    second = _submit(t, experiment, folder)
    assert _snapshot_id(second) == _snapshot_id(first)
    # As if another service had made it: the parent is not here.
    path = [os.path.join(place, name) for place, _, names in os.walk(cache) for name in names if name == "latestsnapshot"]
    if not path:  # The client remembers only what it sent itself.
        _write(folder, "a.py", b"sent")
        _submit(t, experiment, folder)
        path = [os.path.join(place, name) for place, _, names in os.walk(cache) for name in names if name == "latestsnapshot"]
    with io.open(path[0], encoding="utf-8") as file:
        kept = json.load(file)
    kept["snapshot_id"] = "99999999-9999-4999-8999-999999999999"
    with open(path[0], "w") as file:
        json.dump(kept, file)
    _write(folder, "a.py", b"changed")
    last = _submit(t, experiment, folder)
    t.ended(last)
    assert _restored(t, last) == {"main.py": MAIN.encode(), "a.py": b"changed"}


def flow_start_logging(t):
    """A run in a notebook keeps its folder"""
    experiment = _experiment(t)
    files = {"main.py": MAIN, "notes.txt": t.name("notes")}
    run = experiment.start_logging(snapshot_directory=t.folder(files), outputs=None)
    try:
        snapshot = t.until("the snapshot", lambda: Run(experiment, run.id).properties.get("ContentSnapshotId"))
        assert run.get_snapshot_id() == snapshot if hasattr(run, "get_snapshot_id") else snapshot
        assert _restored(t, run) == _bytes(files)
    finally:
        run.complete()


# Before, a run that is not submitted keeps no folder.
flow_start_logging.since = "1.0.85"
