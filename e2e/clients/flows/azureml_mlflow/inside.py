"""mlflow inside a run that the v1 SDK submitted, with the plug-in installed: both clients see the same run."""
import io
import os
import shutil
import tempfile

from azureml.core import Experiment


def text_of(run, path):
    """The text of a file of the run, as it is downloaded."""
    folder = tempfile.mkdtemp()
    try:
        target = os.path.join(folder, "file")
        run.download_file(path, target)
        with io.open(target, encoding="utf-8") as file:
            return file.read()
    finally:
        shutil.rmtree(folder)


def done(t, script):
    """The run of that script, ended well."""
    run = t.submit(Experiment(t.workspace(), t.name("inside")), {"main.py": script})
    details = run.wait_for_completion(raise_on_error=False, wait_post_processing=True)
    assert details["status"] == "Completed", (details.get("error"), text_of(run, "user_logs/std_log.txt")[-2000:])
    return run


def flow_same_run(t):
    """Run.get_context() and mlflow.start_run() of one script are one run"""
    run = done(
        t,
        "import mlflow\nfrom azureml.core import Run\nrun = Run.get_context()\n"
        "with mlflow.start_run() as active:\n"
        "    assert active.info.run_id == run.id, (active.info.run_id, run.id)\n"
        "    mlflow.log_metric('m', 1.5)\n    mlflow.log_param('p', 'v')\n    mlflow.set_tag('t', 'u')\n"
        "    mlflow.log_text('A', 'dir/a.txt')\n"
        "run.log('s', 2)\n"
        "print('still', run.get_status())\n",
    )
    assert run.get_metrics() == {"m": 1.5, "s": 2}, run.get_metrics()
    assert run.get_tags()["t"] == "u"
    assert text_of(run, "dir/a.txt") == "A"
    assert "still Running" in text_of(run, "user_logs/std_log.txt")


def flow_without_start_run(t):
    """mlflow.log_metric alone logs to the run of the script"""
    run = done(t, "import mlflow\nfor i in range(5):\n    mlflow.log_metric('m', i, step=i)\n")
    assert run.get_metrics()["m"] == [0.0, 1.0, 2.0, 3.0, 4.0], run.get_metrics()


def flow_asynchronous(t):
    """What mlflow logs in the background is sent before the script's process ends"""
    run = done(t, "import mlflow\nfor i in range(50):\n    mlflow.log_metric('m', i, step=i, synchronous=False)\n")
    assert run.get_metrics()["m"] == [float(i) for i in range(50)], run.get_metrics()


def flow_to_the_plug_in(t):
    """ws.get_mlflow_tracking_uri() inside a run leads to the same run"""
    run = done(
        t,
        "import mlflow\nfrom azureml.core import Run\nrun = Run.get_context()\n"
        "mlflow.set_tracking_uri(run.experiment.workspace.get_mlflow_tracking_uri())\n"
        "with mlflow.start_run() as active:\n"
        "    mlflow.log_metric('m', 3)\n    mlflow.log_text('B', 'b.txt')\n"
        "print(active.info.run_id)\n",
    )
    assert run.get_metrics() == {"m": 3.0}, run.get_metrics()
    assert text_of(run, "b.txt") == "B"
