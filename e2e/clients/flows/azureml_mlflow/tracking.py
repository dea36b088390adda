"""mlflow through the azureml plug-in: the same runs, metrics and files as azureml-core's."""
import os
import time

import mlflow
from azureml.core import Experiment, Run
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient


def start(t, kind="azureml"):
    mlflow.set_tracking_uri(t.tracking_uri(kind))
    name = t.name("plug")
    mlflow.set_experiment(name)
    return MlflowClient(), name


def sdk_run(t, name, run_id):
    return Run(Experiment(t.workspace(), name), run_id)


def flow_fluent(t):
    """start_run, parameters, metrics, tags by the plug-in's address; azureml-core sees the same run"""
    client, name = start(t)
    with mlflow.start_run(run_name="shown", description="What for") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metric("loss", 0.25, step=2)
        mlflow.set_tag("team", "a")
    found = client.get_run(run.info.run_id)
    assert found.data.params == {"lr": "0.1"} and found.data.metrics == {"loss": 0.25}, found.data
    assert found.info.status == "FINISHED"
    other = sdk_run(t, name, run.info.run_id)
    assert other.get_status() == "Completed", other.get_status()
    assert other.display_name == "shown" and other.description == "What for"
    assert other.tags["team"] == "a"
    assert other.get_metrics()["loss"] == [0.5, 0.25], other.get_metrics()


def flow_sdk_metrics_in_mlflow(t):
    """What azureml-core logs is in mlflow at once: metrics, tags, status, search"""
    client, name = start(t)
    run = Experiment(t.workspace(), name).start_logging(snapshot_directory=None)
    run.log("acc", 0.9)
    run.log("step", 1.5, step=3)
    run.set_tags({"k": "v"})
    run.flush()
    found = client.get_run(run.id)
    assert found.info.status == "RUNNING" and found.data.tags["k"] == "v"
    assert found.data.metrics == {"acc": 0.9, "step": 1.5}, found.data.metrics
    assert [(m.value, m.step) for m in client.get_metric_history(run.id, "step")] == [(1.5, 3)]
    run.complete()
    experiment = client.get_experiment_by_name(name).experiment_id
    hits = client.search_runs([experiment], "metrics.acc > 0.8 and tags.k = 'v' and status = 'FINISHED'")
    assert [r.info.run_id for r in hits] == [run.id]


def flow_files(t):
    """log_artifact(s), list, download by the plug-in; azureml-core and plain mlflow find the same files"""
    client, name = start(t)
    folder = t.folder({"a.txt": "A", "sub/b c.bin": b"\x00\xff"})
    with mlflow.start_run() as run:
        mlflow.log_artifacts(folder, "data")
        mlflow.log_text("hello", "note.txt")
        mlflow.log_dict({"k": 1}, "conf/c.json")
    run_id = run.info.run_id
    assert run.info.artifact_uri.startswith("azureml://"), run.info.artifact_uri
    assert sorted(f.path for f in client.list_artifacts(run_id)) == ["conf", "data", "note.txt"]
    assert sorted(f.path for f in client.list_artifacts(run_id, "data")) == ["data/a.txt", "data/sub"]
    got = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="data", dst_path=t.folder({"x": ""}))
    with open(os.path.join(got, "sub", "b c.bin"), "rb") as file:
        assert file.read() == b"\x00\xff"
    names = sdk_run(t, name, run_id).get_file_names()
    assert {"data/a.txt", "data/sub/b c.bin", "note.txt", "conf/c.json"} <= set(names), names
    sdk_run(t, name, run_id).upload_file("by-sdk.txt", os.path.join(folder, "a.txt"))
    assert mlflow.artifacts.load_text("runs:/%s/by-sdk.txt" % run_id) == "A"


def flow_batches(t):
    """log_batch, and its asynchronous form, are kept when they return"""
    client, _ = start(t)
    with mlflow.start_run() as run:
        now = int(time.time() * 1000)
        client.log_batch(run.info.run_id, metrics=[Metric("m", i, now + i, i) for i in range(900)])
        client.log_batch(run.info.run_id, metrics=[Metric("async", 1.0, now, 0)], synchronous=False).wait()
    assert client.get_run(run.info.run_id).data.metrics == {"m": 899.0, "async": 1.0}
    assert len(client.get_metric_history(run.info.run_id, "m")) == 900


def flow_registry(t):
    """Models are registered by the plug-in, and azureml-core lists them; aliases and search"""
    from azureml.core import Model

    client, _ = start(t)
    mlflow.set_registry_uri(t.tracking_uri("azureml"))
    name = t.name("model")
    with mlflow.start_run() as run:
        mlflow.log_text("weights", "net/weights.txt")
    client.create_registered_model(name)
    version = client.create_model_version(name, run.info.artifact_uri + "/net", run.info.run_id, tags={"k": "v"})
    assert str(version.version) == "1" and version.run_id == run.info.run_id, version
    assert [str(v.version) for v in client.search_model_versions("name = '%s'" % name)] == ["1"]
    client.set_registered_model_alias(name, "best", "1")
    assert str(client.get_model_version_by_alias(name, "best").version) == "1"
    got = mlflow.artifacts.download_artifacts("models:/%s/1" % name)
    with open(os.path.join(got, "weights.txt")) as file:
        assert file.read() == "weights"
    assert [(m.name, m.version) for m in Model.list(t.workspace(), name=name)] == [(name, 1)]


def flow_sdk_model(t):
    """A model that azureml-core registered is downloaded by mlflow by its name and version"""
    start(t)
    mlflow.set_registry_uri(t.tracking_uri("azureml"))
    run = Experiment(t.workspace(), t.name("plug")).start_logging(snapshot_directory=None)
    folder = t.folder({"net/weights.txt": "weights"})
    run.upload_folder("outputs/net", os.path.join(folder, "net"))
    name = t.name("model")
    model = run.register_model(name, model_path="outputs/net")
    run.complete()
    got = mlflow.artifacts.download_artifacts("models:/%s/%d" % (name, model.version), dst_path=t.folder({"x": ""}))
    with open(os.path.join(got, "weights.txt")) as file:
        assert file.read() == "weights"


SCRIPT = """
import mlflow
from azureml.core import Run

with mlflow.start_run() as run:
    mlflow.log_param("p", "1")
    mlflow.log_metric("by_mlflow", 1.0)
    mlflow.log_text("hello", "note.txt")
    Run.get_context().log("by_sdk", 2.0)
    assert Run.get_context().id == run.info.run_id, (Run.get_context().id, run.info.run_id)
    with mlflow.start_run(nested=True):
        mlflow.log_metric("inner", 3.0)
"""


def flow_inside_a_run(t):
    """In a submitted script mlflow.start_run and Run.get_context are the same run; nested runs are its children"""
    client, name = start(t)
    experiment = Experiment(t.workspace(), name)
    run = t.submit(experiment, {"main.py": SCRIPT})
    run.wait_for_completion(show_output=False, wait_post_processing=True)
    assert run.get_status() == "Completed", run.get_details()
    found = client.get_run(run.id)
    assert found.info.status == "FINISHED" and found.data.params == {"p": "1"}, found
    assert found.data.metrics == {"by_mlflow": 1.0, "by_sdk": 2.0}, found.data.metrics
    assert run.get_metrics() == {"by_mlflow": 1.0, "by_sdk": 2.0}, run.get_metrics()
    (child,) = list(run.get_children())
    assert child.get_metrics() == {"inner": 3.0} and child.get_status() == "Completed"
    assert "note.txt" in run.get_file_names()


flow_inside_a_run.seconds = 180


def flow_plain_address(t):
    """The http and https addresses work with the plug-in installed"""
    for kind in ("http", "https"):
        client, _ = start(t, kind)
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
            mlflow.log_text("x", "x.txt")
        assert client.get_run(run.info.run_id).data.metrics == {"m": 1.0}
        assert mlflow.artifacts.load_text(run.info.artifact_uri + "/x.txt") == "x"
