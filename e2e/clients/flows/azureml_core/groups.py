"""Runs of several processes, as their configurations ask for them; nothing but a python runs in them."""
import io
import json
import os
import sys

from azureml.core import Experiment, ScriptRunConfig

WHO = """
import json, os, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
cluster = json.loads(os.environ["TF_CONFIG"])["cluster"]
if task["type"] != "chief":
    time.sleep(600)  # It serves: the chief's end is its end.
for i in range(20):
    print("step", i)
    time.sleep(0.05)
print({kind: len(all) for kind, all in sorted(cluster.items())}, sys.argv[1:])
"""
RANK = """
import os, sys, time
print("rank", os.environ["RANK"], "of", os.environ["WORLD_SIZE"], "on node", os.environ["NODE_RANK"], sys.argv[1:])
time.sleep(1)
"""


def experiment(t):
    return Experiment(t.workspace(), t.name("groups"))


def streamed(run):
    out, sys.stdout = sys.stdout, io.StringIO()
    try:
        run.wait_for_completion(show_output=True)
        return sys.stdout.getvalue()
    finally:
        sys.stdout = out


def flow_tensorflow(t):
    """Parameter servers: the chief's log is streamed, and the run ends with it"""
    config = t.run_config()
    config.framework, config.communicator = "TensorFlow", "ParameterServer"
    config.tensorflow.worker_count, config.tensorflow.parameter_server_count = 2, 1
    run = t.submit(experiment(t), {"main.py": WHO}, arguments=["$AZ_BATCHAI_TASK_TYPE"], config=config)
    text = streamed(run)
    assert "step 0" in text and "step 19" in text, text
    assert "{'chief': 1, 'ps': 1, 'worker': 2} ['chief']" in text, text
    assert run.get_status() == "Completed", run.get_details()


def flow_pytorch(t):
    """PyTorchConfiguration: processes over two nodes, each with its log, that of the first streamed"""
    from azureml.core.runconfig import PyTorchConfiguration

    shape = PyTorchConfiguration(communication_backend="Gloo", process_count=4, node_count=2)
    source = ScriptRunConfig(
        source_directory=t.folder({"main.py": RANK}),
        script="main.py",
        arguments=["--local_rank", "$LOCAL_RANK"],
        compute_target="cpu-cluster",
        distributed_job_config=shape,
    )
    source.run_config.environment = t.run_config().environment
    run = experiment(t).submit(source)
    text = streamed(run)
    assert "rank 0 of 4 on node 0 ['--local_rank', '0']" in text, text
    assert "rank 3" not in text, text
    assert run.get_status() == "Completed", run.get_details()
    folder = t.folder({"nothing": ""})
    path = os.path.join(folder, "log")
    run.download_file("user_logs/std_log_process_3.txt", path)
    with open(path) as file:
        assert file.read() == "rank 3 of 4 on node 1 ['--local_rank', '1']\n"


flow_pytorch.since = "1.37"


def flow_failure(t):
    """One process fails: the run's error names it and holds its last lines"""
    config = t.run_config()
    config.node_count = 2
    script = "import os, time\nif os.environ['NODE_RANK'] == '1':\n    raise ValueError('no disk')\ntime.sleep(600)\n"
    details = t.ended(t.submit(experiment(t), {"main.py": script}, config=config))
    assert details["status"] == "Failed", details
    error = json.dumps(details["error"])
    assert "Node 1 ended with exit code 1; the other process was stopped." in error, error
    assert "ValueError: no disk" in error, error
