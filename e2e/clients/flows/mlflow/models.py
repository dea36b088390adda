"""Models with plain mlflow: logged, loaded, registered."""
import mlflow
import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


class Doubled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * x for x in model_input["x"]]


def log(name, **more):
    """`name` is the word of MLflow 3, `artifact_path` that of MLflow 2."""
    word = "name" if mlflow.__version__ >= "3" else "artifact_path"
    return mlflow.pyfunc.log_model(python_model=Doubled(), pip_requirements=["mlflow"], **{word: name}, **more)


def doubled(uri):
    import pandas

    return list(mlflow.pyfunc.load_model(uri).predict(pandas.DataFrame({"x": [1, 2]})))


def uris(t):
    for kind in ("http", "https"):
        mlflow.set_tracking_uri(t.tracking_uri(kind))
        mlflow.set_registry_uri(t.tracking_uri(kind))
        yield MlflowClient()


def flow_log_and_load(t):
    """pyfunc.log_model, load_model by run, by model and by registered name"""
    for client in uris(t):
        mlflow.set_experiment(t.name())
        name = t.name("model")
        with mlflow.start_run() as run:
            info = log("model", registered_model_name=name)
        assert doubled(info.model_uri) == [2, 4]
        assert doubled("runs:/%s/model" % run.info.run_id) == [2, 4]
        assert doubled("models:/%s/1" % name) == [2, 4]
        version = client.get_model_version(name, "1")
        assert version.run_id == run.info.run_id and version.status == "READY", version
        files = [f.path for f in client.list_artifacts(run.info.run_id, "model")]
        assert "model/MLmodel" in files, files


def flow_registry(t):
    """Registered models: create, describe, tags, rename, search, delete"""
    for client in uris(t):
        name = t.name("model")
        made = client.create_registered_model(name, tags={"a": "1"}, description="First")
        assert (made.name, made.tags, made.description) == (name, {"a": "1"}, "First"), made
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            assert error.error_code == "RESOURCE_ALREADY_EXISTS", error
        else:
            raise AssertionError("made twice")
        client.update_registered_model(name, "Second")
        client.set_registered_model_tag(name, "b", "2")
        client.delete_registered_model_tag(name, "a")
        found = client.get_registered_model(name)
        assert (found.description, found.tags) == ("Second", {"b": "2"}), found
        assert [m.name for m in client.search_registered_models("name = '%s'" % name)] == [name]
        assert [m.name for m in client.search_registered_models("name ILIKE '%s%%'" % name.upper())] == [name]
        assert [m.name for m in client.search_registered_models("tags.b = '2' and name = '%s'" % name)] == [name]
        client.rename_registered_model(name, name + "-new")
        assert client.get_registered_model(name + "-new").description == "Second"
        client.delete_registered_model(name + "-new")
        try:
            client.get_registered_model(name + "-new")
        except MlflowException as error:
            assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
        else:
            raise AssertionError("still there")


def flow_versions(t):
    """Versions: create, describe, tags, aliases, stages, latest, search, delete"""
    for client in uris(t):
        name = t.name("model")
        run = client.create_run("0")
        client.log_text(run.info.run_id, "weights", "m/w.txt")
        client.create_registered_model(name)
        source = run.info.artifact_uri + "/m"
        one = client.create_model_version(name, source, run.info.run_id, tags={"k": "v"}, description="One")
        two = client.create_model_version(name, source, run.info.run_id)
        assert (one.version, two.version) == ("1", "2") or (one.version, two.version) == (1, 2)
        assert client.get_model_version_download_uri(name, "1") == source
        got = mlflow.artifacts.download_artifacts("models:/%s/1" % name)
        assert open(got + "/w.txt").read() == "weights"
        client.update_model_version(name, "1", "Better")
        client.set_model_version_tag(name, "1", "k2", "v2")
        client.delete_model_version_tag(name, "1", "k")
        found = client.get_model_version(name, "1")
        assert (found.description, found.tags, found.run_id) == ("Better", {"k2": "v2"}, run.info.run_id), found
        client.set_registered_model_alias(name, "champion", "1")
        assert str(client.get_model_version_by_alias(name, "champion").version) == "1"
        client.set_registered_model_alias(name, "champion", "2")
        assert str(client.get_model_version_by_alias(name, "champion").version) == "2"
        client.delete_registered_model_alias(name, "champion")
        client.transition_model_version_stage(name, "1", "Production")
        client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
        assert client.get_model_version(name, "1").current_stage == "Archived"
        latest = {v.current_stage: str(v.version) for v in client.get_latest_versions(name)}
        assert latest == {"Archived": "1", "Production": "2"}, latest
        found = client.search_model_versions("name = '%s'" % name, order_by=["version_number ASC"])
        assert [str(v.version) for v in found] == ["1", "2"]
        found = client.search_model_versions("run_id = '%s' and tags.k2 = 'v2'" % run.info.run_id)
        assert [str(v.version) for v in found] == ["1"]
        client.delete_model_version(name, "1")
        assert [str(v.version) for v in client.search_model_versions("name = '%s'" % name)] == ["2"]
        for wrong in ("1", "77", "x"):
            try:
                client.get_model_version(name, wrong)
            except MlflowException as error:
                assert error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"), error
            else:
                raise AssertionError(wrong)


def flow_logged_models(t):
    """Logged models of MLflow 3: search, parameters, tags, metrics, delete"""
    for client in uris(t):
        experiment = mlflow.set_experiment(t.name()).experiment_id
        with mlflow.start_run() as run:
            info = log("net", params={"depth": 3})
            mlflow.log_metric("acc", 0.9, model_id=info.model_id)
        model = client.get_logged_model(info.model_id)
        assert (model.name, model.status, model.source_run_id) == ("net", "READY", run.info.run_id), model
        assert model.params["depth"] == "3" and [m.value for m in model.metrics] == [0.9], model
        outputs = client.get_run(run.info.run_id).outputs.model_outputs
        assert [o.model_id for o in outputs] == [info.model_id]
        for text, count in [("", 1), ("metrics.acc > 0.5", 1), ("metrics.acc > 0.95", 0), ("params.depth = '3'", 1), ("name = 'other'", 0)]:
            found = mlflow.search_logged_models([experiment], filter_string=text, output_format="list")
            assert len(found) == count, (text, found)
        client.set_logged_model_tags(info.model_id, {"stage": "dev"})
        assert client.get_logged_model(info.model_id).tags["stage"] == "dev"
        client.delete_logged_model_tag(info.model_id, "stage")
        assert "stage" not in client.get_logged_model(info.model_id).tags
        client.delete_logged_model(info.model_id)
        assert mlflow.search_logged_models([experiment], output_format="list") == []


flow_logged_models.since = "3.0"
