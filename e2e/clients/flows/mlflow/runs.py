"""Runs with plain mlflow."""
import time

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def clients(t):
    for kind in ("http", "https"):
        mlflow.set_tracking_uri(t.tracking_uri(kind))
        yield MlflowClient()


def refused(code, call, *args, **more):
    try:
        call(*args, **more)
    except MlflowException as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError("was not refused")


def flow_fluent(t):
    """start_run, log_param, log_metric, set_tag, end_run: all is there; http and https"""
    for client in clients(t):
        experiment = mlflow.set_experiment(t.name())
        with mlflow.start_run(run_name="first", tags={"a": "1"}, description="What it is for") as run:
            mlflow.log_param("lr", 0.1)
            mlflow.log_params({"depth": 3, "none": None})
            mlflow.log_metric("loss", 0.5)
            mlflow.log_metrics({"acc": 0.9, "f1": 0.8}, step=7)
            mlflow.set_tags({"b": "2", "long": "x" * 4000})
            assert client.get_run(run.info.run_id).info.status == "RUNNING"
        found = client.get_run(run.info.run_id)
        assert found.info.status == "FINISHED" and found.info.run_name == "first", found.info
        assert found.info.experiment_id == experiment.experiment_id
        assert found.info.start_time <= found.info.end_time
        assert found.data.params == {"lr": "0.1", "depth": "3", "none": "None"}, found.data.params
        assert found.data.metrics == {"loss": 0.5, "acc": 0.9, "f1": 0.8}
        tags = found.data.tags
        assert (tags["a"], tags["b"], len(tags["long"])) == ("1", "2", 4000)
        assert tags["mlflow.runName"] == "first" and tags["mlflow.note.content"] == "What it is for"
        assert tags["mlflow.source.type"] == "LOCAL" and tags["mlflow.user"]
        assert mlflow.last_active_run().info.run_id == run.info.run_id


def flow_failed(t):
    """A run whose code raises ends as FAILED; killed and scheduled ones are told too"""
    for client in clients(t):
        mlflow.set_experiment(t.name())
        try:
            with mlflow.start_run() as run:
                raise ValueError("no")
        except ValueError:
            pass
        assert client.get_run(run.info.run_id).info.status == "FAILED"
        experiment = run.info.experiment_id
        for status in ("KILLED", "FINISHED", "FAILED"):
            made = client.create_run(experiment)
            client.set_terminated(made.info.run_id, status=status)
            assert client.get_run(made.info.run_id).info.status == status


def flow_params_never_change(t):
    """A parameter that is logged again is taken with the same value and refused with another"""
    for client in clients(t):
        run = client.create_run("0").info.run_id
        client.log_param(run, "p", "1")
        client.log_param(run, "p", "1")
        said = refused("INVALID_PARAMETER_VALUE", client.log_param, run, "p", "2")
        assert "Changing param values is not allowed" in said, said
        refused("INVALID_PARAMETER_VALUE", client.log_batch, run, params=[Param("q", "1"), Param("p", "2")])
        assert client.get_run(run).data.params == {"p": "1"}, "nothing of a refused batch is kept"
        client.log_param(run, "long", "y" * 6000)
        assert client.get_run(run).data.params["long"] == "y" * 6000


def flow_batches(t):
    """log_batch: up to 1,000 metrics, 100 parameters, 100 tags; more is refused"""
    for client in clients(t):
        run = client.create_run("0").info.run_id
        now = int(time.time() * 1000)
        client.log_batch(
            run,
            metrics=[Metric("m%d" % (i % 10), i, now, i) for i in range(800)],
            params=[Param("p%d" % i, str(i)) for i in range(100)],
            tags=[RunTag("t%d" % i, str(i)) for i in range(100)],
        )
        data = client.get_run(run).data
        assert len(data.params) == 100 and data.tags["t99"] == "99"
        assert data.metrics["m9"] == 799.0 and len(data.metrics) == 10
        assert len(client.get_metric_history(run, "m3")) == 80
        many = [Metric("m", i, now, i) for i in range(1001)]
        # The client itself splits what is too much, so its store is asked.
        said = refused("INVALID_PARAMETER_VALUE", client._tracking_client.store.log_batch, run, many, [], [])
        assert "1000" in said, said


def flow_tags(t):
    """set_tag, delete_tag; a tag that is not there"""
    for client in clients(t):
        run = client.create_run("0", tags={"a": "1"}).info.run_id
        client.set_tag(run, "b", "2")
        client.set_tag(run, "b", "3")
        client.set_tag(run, "mlflow.runName", "renamed")
        client.delete_tag(run, "a")
        found = client.get_run(run)
        assert "a" not in found.data.tags and found.data.tags["b"] == "3"
        assert found.info.run_name == "renamed"
        client.update_run(run, name="again")
        assert client.get_run(run).data.tags["mlflow.runName"] == "again"
        refused("RESOURCE_DOES_NOT_EXIST", client.delete_tag, run, "a")


def flow_nested(t):
    """Nested runs know their parent"""
    for client in clients(t):
        experiment = mlflow.set_experiment(t.name()).experiment_id
        with mlflow.start_run() as parent:
            with mlflow.start_run(nested=True) as child:
                mlflow.log_metric("m", 1)
        assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
        found = client.search_runs([experiment], "tags.mlflow.parentRunId = '%s'" % parent.info.run_id)
        assert [r.info.run_id for r in found] == [child.info.run_id]
        assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id


def flow_delete_and_restore(t):
    """delete_run hides a run and nothing is logged to it; restore_run brings it back"""
    for client in clients(t):
        experiment = client.create_experiment(t.name())
        run = client.create_run(experiment).info.run_id
        client.delete_run(run)
        assert client.get_run(run).info.lifecycle_stage == "deleted"
        assert len(client.search_runs([experiment])) == 0
        assert len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == 1
        refused("INVALID_PARAMETER_VALUE", client.log_metric, run, "m", 1)
        client.restore_run(run)
        client.log_metric(run, "m", 1)
        assert client.get_run(run).data.metrics == {"m": 1.0}
        refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "0123456789abcdef")


def flow_resume(t):
    """A run is opened again by its id and more is logged to it"""
    for client in clients(t):
        mlflow.set_experiment(t.name())
        with mlflow.start_run() as run:
            mlflow.log_param("a", 1)
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_param("b", 2)
        found = client.get_run(run.info.run_id)
        assert found.data.params == {"a": "1", "b": "2"} and found.info.status == "FINISHED"


def flow_datasets(t):
    """log_input: datasets of a run, found by name and context"""
    import numpy

    for client in clients(t):
        experiment = mlflow.set_experiment(t.name()).experiment_id
        name = t.name("data")
        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_numpy(numpy.zeros((3, 2)), name=name), context="training")
        (used,) = client.get_run(run.info.run_id).inputs.dataset_inputs
        assert used.dataset.name == name and used.tags[0].value == "training", used
        wanted = "dataset.name = '%s' AND dataset.context = 'training'" % name
        assert [r.info.run_id for r in client.search_runs([experiment], wanted)] == [run.info.run_id]
        assert not client.search_runs([experiment], "dataset.name = 'other'")


def flow_bad_keys(t):
    """Keys and values that cannot be are refused with a reason"""
    for client in clients(t):
        run = client.create_run("0").info.run_id
        store = client._tracking_client.store
        now = int(time.time() * 1000)
        for key in ("a/../b", "", "x" * 251, "a\nb", "a,b"):
            refused("INVALID_PARAMETER_VALUE", store.log_metric, run, Metric(key, 1.0, now, 0))
        refused("INVALID_PARAMETER_VALUE", store.log_metric, run, Metric("m", 1.0, -1, 0))
        assert client.get_run(run).data.metrics == {}
