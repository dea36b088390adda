"""Models registered by one client and used by the other."""
import os

import mlflow
from azureml.core import Experiment
from azureml.core.model import Model


def flow_mlflow_to_sdk(t):
    """A model that MLflow registers is downloaded by the SDK"""
    workspace = t.workspace()
    mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri())
    mlflow.set_experiment(t.name())
    name = t.name("model")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(t.folder({"weights.bin": "weights", "sub/a.txt": "a"}), "model")
        source = mlflow.get_artifact_uri("model")
    client = mlflow.tracking.MlflowClient()
    client.create_registered_model(name)
    version = client.create_model_version(name, source, run.info.run_id, tags={"from": "mlflow"})
    model = Model(workspace, name)
    assert (model.version, model.run_id, model.tags) == (int(version.version), run.info.run_id, {"from": "mlflow"})
    path = model.download(t.folder({}))
    with open(os.path.join(path, "weights.bin")) as file:
        assert file.read() == "weights"
    assert os.path.exists(os.path.join(path, "sub", "a.txt"))


def flow_sdk_to_mlflow(t):
    """A model that the SDK registers is found and downloaded by MLflow"""
    workspace = t.workspace()
    mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri())
    run = Experiment(workspace, t.name()).start_logging(snapshot_directory=None)
    run.upload_folder("outputs/model", t.folder({"weights.bin": "weights"}))
    name = t.name("model")
    run.register_model(name, "outputs/model", tags={"from": "sdk"})
    run.complete()
    client = mlflow.tracking.MlflowClient()
    (version,) = client.search_model_versions("name='%s'" % name)
    assert (int(version.version), version.run_id, version.tags) == (1, run.id, {"from": "sdk"})
    client.set_registered_model_alias(name, "champion", version.version)
    assert client.get_model_version_by_alias(name, "champion").run_id == run.id
    assert Model(workspace, name, version=1).tags == {"from": "sdk"}
