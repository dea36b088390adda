"""Submits count.py with the v1 SDK: its texts are downloaded from the default datastore, its counts are sent back there."""

import os

from azureml.core import Experiment, RunConfiguration, ScriptRunConfig, Workspace
from azureml.data import OutputFileDatasetConfig

here = os.path.dirname(os.path.abspath(__file__))
workspace = Workspace(*os.environ["MALACHITE_WORKSPACE"].split("/"))
datastore = workspace.get_default_datastore()
datastore.upload(os.path.join(here, "texts"), target_path="texts", show_progress=False)

texts = datastore.path("texts").as_download()
counts = OutputFileDatasetConfig("counts", destination=(datastore, "counts/{run-id}")).as_upload(overwrite=True)

config = RunConfiguration()
config.target = "local" if "MALACHITE_TARGET" not in os.environ else os.environ["MALACHITE_TARGET"]
config.environment.python.user_managed_dependencies = True
config.data_references = {texts.data_reference_name: texts.to_config()}
source = ScriptRunConfig(here, "count.py", arguments=["--texts", str(texts), "--counts", counts], run_config=config)
run = Experiment(workspace, "data").submit(source)
run.wait_for_completion(show_output=True)
datastore.download(os.path.join(here, "result"), prefix="counts/%s" % run.id, overwrite=True, show_progress=False)
