"""Files of a run, and of a datastore: what goes up comes down the same, under the same name."""
import hashlib
import os
import time

# A name for every letter that some part of the way could take for something else.
NAMES = [
    "plain.txt",
    "with space.txt",
    "a+b.txt",
    "100%.txt",
    "a%20b.txt",
    "a%2Fb.txt",
    "semi;colon.txt",
    "hash#tag.txt",
    "question?.txt",
    "quote'single.txt",
    "amp&equals=.txt",
    "umlaut-\u00e4\u00f6\u00fc.txt",
    "\u65e5\u672c\u8a9e.txt",
    "smile-\U0001f600.txt",
    "under_score.dots..txt",
    "deep/er/and/deeper/file.bin",
]


def start(t, prefix="files"):
    from azureml.core import Experiment

    return t.start(Experiment(t.workspace(), t.name(prefix)))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def flow_upload_file(t):
    """run.upload_file, get_file_names and download_file"""
    run = start(t)
    folder = t.folder({"a.txt": "first\n"})
    run.upload_file("outputs/a.txt", os.path.join(folder, "a.txt"))
    assert run.get_file_names() == ["outputs/a.txt"], run.get_file_names()
    target = os.path.join(folder, "back.txt")
    run.download_file("outputs/a.txt", target)
    assert read(target) == b"first\n"
    run.complete()


def flow_names(t):
    """files with spaces, unicode, #, %, + and quotes in their names"""
    run = start(t)
    folder = t.folder({str(i): name for i, name in enumerate(NAMES)})
    for i, name in enumerate(NAMES):
        run.upload_file("outputs/" + name, os.path.join(folder, str(i)))
    wanted = sorted("outputs/" + name for name in NAMES)
    assert sorted(run.get_file_names()) == wanted, sorted(set(run.get_file_names()) ^ set(wanted))
    for i, name in enumerate(NAMES):
        # The SDK does not encode the path when it asks for one file: what stands behind these is lost on its way.
        if "#" in name or "?" in name or (t.first and "%." in name):
            continue
        target = os.path.join(folder, "down-%s" % i)
        run.download_file("outputs/" + name, target)
        assert read(target).decode("utf-8") == name, name
    if hasattr(run, "download_files"):
        out = t.folder({})
        run.download_files(prefix="outputs", output_directory=out)
        for name in NAMES:
            assert read(os.path.join(out, "outputs", name)).decode("utf-8") == name, name
    run.complete()


def flow_upload_files(t):
    """run.upload_files with more files than one request names"""
    run = start(t)
    count = 120
    folder = t.folder({"%03d.txt" % i: "content %s" % i for i in range(count)})
    names = ["many/%03d.txt" % i for i in range(count)]
    run.upload_files(names, [os.path.join(folder, "%03d.txt" % i) for i in range(count)])
    assert sorted(run.get_file_names()) == names
    out = t.folder({})
    run.download_files(prefix="many", output_directory=out)
    for i in range(count):
        assert read(os.path.join(out, names[i])) == b"content %d" % i
    run.complete()


def flow_upload_folder(t):
    """run.upload_folder and download_files, with and without the prefix"""
    run = start(t)
    folder = t.folder({"model/weights.bin": b"\x00\x01", "model/sub/vocab.txt": "a b c", "model/empty": b""})
    run.upload_folder("outputs/model", os.path.join(folder, "model"))
    paths = ["outputs/model/empty", "outputs/model/sub/vocab.txt", "outputs/model/weights.bin"]
    assert sorted(run.get_file_names()) == paths, run.get_file_names()
    out = t.folder({})
    run.download_files(prefix="outputs/model", output_directory=out, append_prefix=False)
    assert read(os.path.join(out, "weights.bin")) == b"\x00\x01"
    assert read(os.path.join(out, "sub", "vocab.txt")) == b"a b c"
    assert read(os.path.join(out, "empty")) == b""
    whole = t.folder({})
    run.download_files(output_directory=whole)
    assert read(os.path.join(whole, "outputs", "model", "sub", "vocab.txt")) == b"a b c"
    run.complete()


def flow_prefix_is_a_folder(t):
    """download_files of a prefix takes that folder and not those whose names begin alike"""
    run = start(t)
    folder = t.folder({"f": "x"})
    for name in ["out/a", "out2/b"]:
        run.upload_file(name, os.path.join(folder, "f"))
    out = t.folder({})
    run.download_files(prefix="out", output_directory=out)
    assert sorted(os.listdir(out)) == ["out"], os.listdir(out)
    run.complete()


def flow_large_file(t):
    """a file of 70 MB, in blocks, and back"""
    run = start(t)
    piece = os.urandom(1024 * 1024)
    content = b"".join(piece[i:] + piece[:i] for i in range(70))
    folder = t.folder({"big.bin": content})
    run.upload_file("outputs/big.bin", os.path.join(folder, "big.bin"))
    target = os.path.join(folder, "back.bin")
    run.download_file("outputs/big.bin", target)
    assert hashlib.sha256(read(target)).digest() == hashlib.sha256(content).digest()
    run.complete()


def flow_empty_file(t):
    """a file of no bytes"""
    run = start(t)
    folder = t.folder({"empty": b""})
    run.upload_file("outputs/empty", os.path.join(folder, "empty"))
    target = os.path.join(folder, "back")
    run.download_file("outputs/empty", target)
    assert read(target) == b""
    run.complete()


def flow_missing_file(t):
    """download_file of a file that is not there says what there is"""
    run = start(t)
    folder = t.folder({"f": "x"})
    run.upload_file("outputs/there.txt", os.path.join(folder, "f"))
    try:
        run.download_file("outputs/gone.txt", os.path.join(folder, "back"))
    except Exception as error:
        assert "there.txt" in str(error), error
    else:
        raise AssertionError("a missing file was downloaded")
    run.complete()


def flow_same_name_twice(t):
    """a second file of a name is refused, and the first one stays"""
    run = start(t)
    folder = t.folder({"one": "one", "two": "two"})
    run.upload_file("outputs/f", os.path.join(folder, "one"))
    began = time.time()
    try:
        run.upload_file("outputs/f", os.path.join(folder, "two"))
    except Exception as error:
        assert "exist" in str(error).lower(), error
    else:
        raise AssertionError("the file was replaced")
    assert time.time() - began < 20, "the client took the refusal for something to try again"
    target = os.path.join(folder, "back")
    run.download_file("outputs/f", target)
    assert read(target) == b"one"
    run.complete()


# Before, the client writes whatever is there.
flow_same_name_twice.since = "1.47.0"


def flow_same_name_again(t):
    """a second file of a name takes the place of the first"""
    run = start(t)
    folder = t.folder({"one": "one", "two": "two and more"})
    for name in ("one", "two"):
        run.upload_file("outputs/f", os.path.join(folder, name))
    target = os.path.join(folder, "back")
    run.download_file("outputs/f", target)
    assert read(target) == b"two and more"
    run.complete()


flow_same_name_again.until = "1.46"


def flow_outputs_of_a_with_block(t):
    """`with run:` uploads the outputs folder and streams what is printed to a log"""
    folder = t.folder({})
    here = os.getcwd()
    os.chdir(folder)
    try:
        from azureml.core import Experiment

        run = t.start(Experiment(t.workspace(), t.name("with")))
        with run:
            os.makedirs("outputs", exist_ok=True)
            with open("outputs/result.txt", "w") as file:
                file.write("42")
            print("hello from the block")
        names = t.until("outputs", lambda: [n for n in run.get_file_names() if n.endswith("result.txt")])
        assert names == ["outputs/result.txt"], names
        if not t.first:  # Those keep no log.
            logs = [n for n in run.get_file_names() if n.startswith("logs/")]
            assert len(logs) == 1, run.get_file_names()
            run.download_file(logs[0], "log.txt")
            assert read("log.txt").count(b"hello from the block") == 1, read("log.txt")
        assert run.get_status() == "Completed", run.get_status()
    finally:
        os.chdir(here)


def flow_datastore_names(t):
    """files of any name go into the default datastore and come back by prefix"""
    store = t.workspace().get_default_datastore()
    prefix = t.name("names here")
    store.upload(t.folder({name: name for name in NAMES}), prefix, show_progress=False)
    out = t.folder({})
    assert store.download(out, prefix=prefix, show_progress=False) == len(NAMES)
    for name in NAMES:
        assert read(os.path.join(out, prefix, name)).decode("utf-8") == name, name


def flow_logs_of_a_submitted_run(t):
    """logs of a run that runs grow, by their links and as artifacts"""
    from azureml.core import Experiment

    experiment = Experiment(t.workspace(), t.name("logs"))
    script = "import os, time\nprint('begin', flush=True)\nwhile not os.path.exists(%r): time.sleep(0.1)\nprint('the end', flush=True)\n"
    gate = os.path.join(t.folder({}), "gate")
    run = t.submit(experiment, {"main.py": script % gate})

    def log():
        import requests

        links = run.get_details()["logFiles"]
        name = [n for n in links if n.endswith("std_log.txt")]
        return requests.get(links[name[0]]).text if name else ""

    t.until("the first line", lambda: "begin" in log())
    assert "the end" not in log()
    names = t.until("the log among the files", lambda: [n for n in run.get_file_names() if n.endswith("std_log.txt")])
    with open(gate, "w"):
        pass
    t.ended(run)
    assert "the end" in log(), log()
    target = os.path.join(t.folder({}), "log.txt")
    run.download_file(names[0], target)
    assert read(target).count(b"begin") == 1
    assert b"the end" in read(target)


flow_logs_of_a_submitted_run.seconds = 240


def flow_logs_are_shown(t):
    """wait_for_completion(show_output=True) prints the log to its end"""
    import contextlib
    import io

    from azureml.core import Experiment

    experiment = Experiment(t.workspace(), t.name("stream"))
    run = t.submit(experiment, {"main.py": "import time\nfor i in range(5):\n    print('line', i, flush=True)\n    time.sleep(0.5)\n"})
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        run.wait_for_completion(show_output=True)
    for i in range(5):
        assert "line %s" % i in shown.getvalue(), shown.getvalue()


flow_logs_are_shown.seconds = 240

# Before, there is run.upload_file and run.download_file alone.
for _flow in (flow_upload_files, flow_upload_folder, flow_prefix_is_a_folder):
    _flow.since = "1.0.85"
