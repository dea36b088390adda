"""What scripts measure: logged in every shape, read back as it was logged."""
import json
import math
import os
import struct
import threading
import zlib


def start(t):
    from azureml.core import Experiment

    return t.start(Experiment(t.workspace(), t.name("metrics")))


def flushed(run):
    # Older clients do not wait for what they still have to send; the first ones send at once.
    if hasattr(run, "flush"):
        run.flush()


def done(run):
    flushed(run)
    run.complete()
    assert run.get_status() == "Completed", run.get_status()


def flow_scalars(t):
    """Run.log: ints, floats, texts and booleans"""
    run = start(t)
    run.log("int", 3)
    run.log("large", 2 ** 53 - 1)
    run.log("float", 0.1)
    run.log("tiny", 5e-324)
    run.log("text", 'a "text" / with \u00e9 and \U0001f600')
    run.log("bool", True)
    run.log("a/b c \u00e9", 1)
    done(run)
    found = run.get_metrics()
    assert found == {
        "int": 3,
        "large": 2 ** 53 - 1,
        "float": 0.1,
        "tiny": 5e-324,
        "text": 'a "text" / with \u00e9 and \U0001f600',
        "bool": True,
        "a/b c \u00e9": 1,
    }, found
    assert found["bool"] is True and isinstance(found["int"], int) and isinstance(found["float"], float)


def flow_by_name(t):
    """Run.get_metrics of one name"""
    run = start(t)
    run.log("float", 0.1)
    run.log("other", 1)
    done(run)
    assert run.get_metrics(name="float") == {"float": 0.1}
    assert run.get_metrics(name="never logged") == {}


def flow_series(t):
    """Run.log of one name many times: a list in the order of logging"""
    run = start(t)
    for i in range(130):
        run.log("loss", 1.0 / (i + 1))
    done(run)
    found = run.get_metrics()["loss"]
    assert found == [1.0 / (i + 1) for i in range(130)], found


def flow_steps(t):
    """Run.log with a step"""
    run = start(t)
    for step in (0, 10, 20):
        run.log("loss", step / 2.0, step=step)
    done(run)
    assert run.get_metrics() == {"loss": [0.0, 5.0, 10.0]}, run.get_metrics()


flow_steps.since = "1.36"


def flow_not_finite(t):
    """NaN and the infinities"""
    run = start(t)
    run.log("nan", float("nan"))
    run.log("up", float("inf"))
    run.log("down", float("-inf"))
    run.log_list("list", [1.0, float("nan"), float("inf"), float("-inf")])
    run.log_row("row", a=float("nan"), b=1.5)
    done(run)
    found = run.get_metrics()
    assert isinstance(found["nan"], float) and math.isnan(found["nan"]), found
    assert found["up"] == float("inf") and found["down"] == float("-inf"), found
    # Older clients make floats of the first value only, and leave the others as the texts that they are on the wire.
    values = [float(value) for value in found["list"]]
    assert values[0] == 1.0 and math.isnan(values[1]) and values[2:] == [float("inf"), float("-inf")], found
    assert math.isnan(float(found["row"]["a"])) and found["row"]["b"] == 1.5, found


def flow_lists(t):
    """Run.log_list"""
    run = start(t)
    run.log_list("floats", [0.5, 1.5, 2.5])
    run.log_list("ints", [3, 1, 2])
    run.log_list("texts", ["x", "y"])
    run.log_list("one", [7])
    run.log_list("long", list(range(250)))
    done(run)
    found = run.get_metrics()
    assert found["floats"] == [0.5, 1.5, 2.5], found
    assert found["ints"] == [3, 1, 2], found
    assert found["texts"] == ["x", "y"], found
    assert found["one"] == 7, found
    assert found["long"] == list(range(250)), found["long"]


def flow_tables(t):
    """Run.log_row and Run.log_table"""
    run = start(t)
    run.log_row("row", x=1, y=0.5, label="a")
    run.log_table("table", {"n": [1, 2, 3], "name": ["a", "b", "c"]})
    run.log_table("single", {"n": [4], "name": ["d"]})
    wide = {"column %d" % i: [i, i + 1] for i in range(500)}
    run.log_table("wide", wide)
    done(run)
    found = run.get_metrics()
    assert found["row"] == {"x": 1, "y": 0.5, "label": "a"}, found["row"]
    assert found["table"] == {"n": [1, 2, 3], "name": ["a", "b", "c"]}, found["table"]
    assert found["single"] == {"n": 4, "name": "d"}, found["single"]
    assert found["wide"] == wide, "columns are missing"


def flow_rows(t):
    """Run.log_row of one name many times: a list in each column"""
    run = start(t)
    for i in range(3):
        run.log_row("rows", i=i, square=float(i * i))
    done(run)
    found = run.get_metrics()
    assert found["rows"] == {"i": [0, 1, 2], "square": [0.0, 1.0, 4.0]}, found["rows"]


flow_rows.cannot = {"1.0.10": "The rows are kept, but this client fails in its own code when it reads more than one of a name."}


def flow_numpy(t):
    """Numbers of numpy"""
    import numpy as np

    run = start(t)
    run.log("int32", np.int32(3))
    run.log("float32", np.float32(0.5))
    run.log("float64", np.float64(0.25))
    run.log_list("list", [np.float64(1), np.float64(2)])
    done(run)
    found = run.get_metrics()
    assert found == {"int32": 3, "float32": 0.5, "float64": 0.25, "list": [1.0, 2.0]}, found


def flow_threads(t):
    """Many values at once from several threads: none is lost, none is twice"""
    run = start(t)

    def log(n):
        for i in range(60):
            run.log("shared", n * 1000 + i)
            run.log("own %d" % n, i)

    threads = [threading.Thread(target=log, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done(run)
    # Releases of 2020 go on sending after their flush has returned.
    t.until("all values", lambda: len(run.get_metrics().get("shared", [])) >= 300, 30)
    t.until("all values of all threads", lambda: sum(len(run.get_metrics()["own %d" % n]) for n in range(5)) >= 300, 30)
    found = run.get_metrics()
    assert sorted(found["shared"]) == sorted(n * 1000 + i for n in range(5) for i in range(60)), len(found["shared"])
    for n in range(5):
        assert found["own %d" % n] == list(range(60)), found["own %d" % n]
        assert [value for value in found["shared"] if value // 1000 == n] == [n * 1000 + i for i in range(60)]


def flow_flush(t):
    """Run.flush: what was logged is there when it returns"""
    run = start(t)
    for i in range(120):
        run.log("m", i)
    run.flush()
    assert run.get_metrics() == {"m": list(range(120))}
    run.log("m", 120)
    run.flush()
    assert run.get_metrics()["m"][-1] == 120
    done(run)


def flow_tree(t):
    """Run.get_metrics(recursive=True): metrics of a run and its children"""
    run = start(t)
    run.log("m", 1)
    child = run.child_run()
    child.log("m", 2)
    child.complete()
    empty = run.child_run()
    empty.complete()
    done(run)
    found = run.get_metrics(recursive=True)
    assert {key: value for key, value in found.items() if value} == {run.id: {"m": 1}, child.id: {"m": 2}}, found
    assert run.get_metrics() == {"m": 1}


def flow_bad_column(t):
    """A value of another kind under the same name harms no other value"""
    run = start(t)
    run.log("m", 1.5)
    run.log("n", 1)
    flushed(run)
    run.log("m", "text")
    run.log("n", 2)
    done(run)
    found = run.get_metrics()
    assert found["n"] == [1, 2], found
    first = found["m"][0] if isinstance(found["m"], list) else found["m"]
    assert first == 1.5, found


def png(width=2, height=2):
    """The bytes of a small picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def flow_images(t):
    """Run.log_image from a file and from a plot"""
    run = start(t)
    before = os.getcwd()
    os.chdir(t.folder({"picture.png": png()}))
    try:
        run.log_image("picture", path="picture.png")
        try:
            import matplotlib

            matplotlib.use("Agg")
            from matplotlib import pyplot
        except ImportError:
            pyplot = None
        if pyplot:
            pyplot.plot([1, 2, 3])
            run.log_image("plot", plot=pyplot)
        done(run)
        found = run.get_metrics()
        place = found["picture"].replace("ExperimentRun/dcid.%s/" % run.id, "")  # The first releases leave that out.
        assert place == "aml://artifactId/picture.png", found
        names = run.get_file_names()
        assert "picture.png" in names, names
        assert not pyplot or any(name.startswith("plot_") for name in names), names
        run.download_file("picture.png", "copy.png")
        with open("copy.png", "rb") as file:
            assert file.read() == png()
        if not t.first:  # The first releases read no pictures.
            whole = run.get_metrics(name="picture", populate=True)["picture"]
            assert whole.data == png(), whole
    finally:
        os.chdir(before)


CHARTS = {
    "confusion_matrix": {"class_labels": ["0", "1"], "matrix": [[3, 1], [2, 4]]},
    "residuals": {"bin_edges": [0, 1, 2], "bin_counts": [4, 5]},
    "predictions": {"bin_averages": [0.5], "bin_errors": [0.1], "bin_counts": [3], "bin_edges": [0, 1]},
    "accuracy_table": {
        "probability_tables": [[[1, 2, 3, 4]]],
        "percentile_tables": [[[1, 2, 3, 4]]],
        "class_labels": ["0"],
        "probability_thresholds": [0.5],
        "percentile_thresholds": [0.5],
    },
}


def flow_charts(t):
    """Confusion matrices, residuals, predictions and accuracy tables"""
    run = start(t)
    for kind, data in CHARTS.items():
        value = {"schema_type": kind, "schema_version": "v1", "data": data}
        getattr(run, "log_" + kind)("my " + kind, value)
    done(run)
    found = run.get_metrics(populate=True)
    for kind, data in CHARTS.items():
        artifact = found["my " + kind]
        if isinstance(artifact, dict):  # The first releases give the content alone.
            assert artifact["data"] == data, artifact
            continue
        assert json.loads(artifact.data.decode("utf-8"))["data"] == data, kind
        assert artifact.data_location == "aml://artifactId/ExperimentRun/dcid.%s/my %s" % (run.id, kind), artifact


def flow_between_apis(t):
    """What one client writes, another reads: the older and the newer API hold the same metrics"""
    import azureml._run_impl.run_history_facade as facade

    run = start(t)
    newer = getattr(facade, "_use_v2_metrics")
    try:
        for api in (True, ""):
            facade._use_v2_metrics = api
            end = " %s" % bool(api)
            run.log("scalar" + end, 1.5)
            run.log("twice" + end, 1)
            run.log("twice" + end, 2)
            run.log_list("list" + end, [3, 4, 5])
            run.log_row("row" + end, a=1, b="x")
            run.log_table("table" + end, {"a": [1, 2], "b": ["x", "y"]})
        flushed(run)
        for api in (True, ""):
            facade._use_v2_metrics = api
            found = run.get_metrics()
            for end in (" True", " False"):
                assert found["scalar" + end] == 1.5, (api, end, found)
                assert found["twice" + end] == [1, 2], (api, end, found)
                assert found["list" + end] == [3, 4, 5], (api, end, found)
                assert found["row" + end] == {"a": 1, "b": "x"}, (api, end, found)
                assert found["table" + end] == {"a": [1, 2], "b": ["x", "y"]}, (api, end, found)
            assert run.get_metrics(name="twice True") == {"twice True": [1, 2]}, api
    finally:
        facade._use_v2_metrics = newer
    done(run)


flow_between_apis.since = "1.36"

# Before, metrics are read all at once, and there is no flush.
for _flow in (flow_by_name, flow_flush):
    _flow.since = "1.0.85"
