"""Runs on the user's own machine: the client has the project and starts what the service answers."""
import io
import os
import shutil
import tempfile
import time

from azureml.core import Experiment


def _experiment(t):
    return Experiment(t.workspace(), t.name("local"))


def _submit(t, files, experiment=None, arguments=None, **variables):
    config = t.run_config("local", **variables)
    return t.submit(experiment or _experiment(t), files, arguments=arguments, config=config)


def _forget(run):
    shutil.rmtree(os.path.join(tempfile.gettempdir(), "azureml_runs", run.id), ignore_errors=True)


def _text(run, name):
    target = os.path.join(tempfile.mkdtemp(), "file")
    run.download_file(name, target)
    with io.open(target, encoding="utf-8") as file:
        return file.read()


def _printed(run):
    """What the user sees while waiting."""
    import contextlib

    seen = io.StringIO()
    with contextlib.redirect_stdout(seen):
        run.wait_for_completion(show_output=True)
    return seen.getvalue()


METRICS = u"""\
import os, sys
from azureml.core import Run
run = Run.get_context()
print("arguments", sys.argv[1:])
print("in", os.path.basename(os.getcwd()), os.environ["MINE"])
run.log("loss", 0.25)
for i in range(30):
    run.log("step", i)
run.tag("made", "inside")
with open("outputs/model.txt", "w") as file:
    file.write("weights")
print("the last line")
"""


def flow_local(t):
    """A local run is executed here: output on the screen, metrics from the script, outputs kept"""
    run = _submit(t, {"main.py": METRICS, u"a b/\u00fc.txt": "x"}, arguments=["--x", "a b"], MINE="mine")
    printed = _printed(run)
    assert run.get_status() == "Completed", run.get_status()
    for line in ("arguments ['--x', 'a b']", "in %s mine" % run.id, "the last line"):
        assert line in printed, printed
    metrics = run.get_metrics()
    assert metrics["loss"] == 0.25, metrics
    assert metrics["step"] == list(range(30)), metrics
    assert run.get_tags()["made"] == "inside"
    assert {"outputs/model.txt", "azureml-logs/70_driver_log.txt"} <= set(run.get_file_names())
    assert _text(run, "outputs/model.txt") == "weights"
    assert "the last line" in _text(run, "azureml-logs/70_driver_log.txt")
    details = run.get_details()
    assert "azureml-logs/70_driver_log.txt" in details["logFiles"], details["logFiles"]
    assert details["target"] == "local", details
    assert details["properties"]["ContentSnapshotId"]
    _forget(run)


def flow_short(t):
    """The output of a local script of a moment is shown whole"""
    run = _submit(t, {"main.py": "print('one line')\n"})
    t.until("the end", lambda: "azureml-logs/70_driver_log.txt" in run.get_file_names())
    time.sleep(1)
    assert "one line" in _printed(run)
    assert run.get_status() == "Completed"
    _forget(run)


def flow_fails(t):
    """A local run that fails says why"""
    run = _submit(t, {"main.py": "open('outputs/half.txt', 'w').write('half')\nraise ValueError('no such thing')\n"})
    try:
        details = run.wait_for_completion(wait_post_processing=True)
    except Exception as error:
        assert "no such thing" in str(error), error
    else:
        assert t.first and "no such thing" in str(details["error"]), details  # Those raise for no error.
    assert run.get_status() == "Failed"
    assert "ValueError: no such thing" in run.get_details()["error"]["error"]["message"]
    assert "outputs/half.txt" in run.get_file_names()
    _forget(run)


def flow_cancel(t):
    """Cancel ends a local run and all its processes, and it stays canceled"""
    script = "import subprocess, sys, time\n" \
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n" \
        "open('outputs/pids.txt', 'w').write('%d' % child.pid)\n" \
        "print('started', flush=True)\ntime.sleep(600)\n"
    run = _submit(t, {"main.py": script})
    folder = os.path.join(tempfile.gettempdir(), "azureml_runs", run.id)
    pids = os.path.join(folder, "outputs", "pids.txt")
    t.until("the script", lambda: os.path.exists(pids) and open(pids).read())
    t.until("the run running", lambda: run.get_status() == "Running")
    child = int(open(pids).read())
    run.cancel()
    assert run.get_status() == "Canceled", run.get_status()

    def gone():
        try:
            os.kill(child, 0)
            with open("/proc/%d/stat" % child) as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except (OSError, IOError):
            return True

    t.until("the child of the script ended", gone, 30)
    t.until("the outputs", lambda: "outputs/pids.txt" in run.get_file_names())
    time.sleep(2)
    assert run.get_status() == "Canceled", run.get_status()
    _forget(run)


def flow_changed_after_submit(t):
    """What runs is the project as it was submitted, not as it is changed afterwards"""
    experiment = _experiment(t)
    from azureml.core import ScriptRunConfig

    folder = t.folder({"main.py": "import time\ntime.sleep(1)\nimport part\n", "part.py": "print('submitted')\n"})
    run = experiment.submit(ScriptRunConfig(source_directory=folder, script="main.py", run_config=t.run_config("local")))
    with open(os.path.join(folder, "part.py"), "w") as file:
        file.write("print('changed')\n")
    run.wait_for_completion()
    assert "submitted" in _text(run, "azureml-logs/70_driver_log.txt")
    _forget(run)


def flow_child_of_local(t):
    """A script on the user's machine makes child runs"""
    script = "from azureml.core import Run\nrun = Run.get_context()\nchild = run.child_run('part')\n" \
        "child.log('n', 1)\nchild.complete()\n"
    run = _submit(t, {"main.py": script})
    run.wait_for_completion()
    children = list(run.get_children())
    assert [child.get_status() for child in children] == ["Completed"], children
    assert children[0].get_metrics() == {"n": 1}
    _forget(run)
