"""What a script finds inside a run: its variables, its run by Run.get_context(), metrics that are not lost, and how it ends."""
import io
import json
import os
import shutil
import tempfile

from azureml.core import Experiment

DONE = ("Completed", "Failed", "Canceled")


def experiment(t):
    return Experiment(t.workspace(), t.name("inside"))


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


def ended(t, run, status="Completed"):
    """Waits for the end, which must be that one."""
    details = t.ended(run)
    assert details["status"] == status, (details["status"], details.get("error"), text_of(run, "user_logs/std_log.txt")[-2000:])
    return details


def flow_variables(t):
    """Every variable that the clients read is set, and names this run"""
    script = (
        "import json, os\n"
        "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('AZUREML_', 'MLFLOW_', 'REQUESTS_'))}))\n"
    )
    where = experiment(t)
    run = t.submit(where, {"main.py": script})
    ended(t, run)
    told = json.loads(text_of(run, "user_logs/std_log.txt"))
    assert told["AZUREML_RUN_ID"] == told["MLFLOW_RUN_ID"] == told["AZUREML_ROOT_RUN_ID"] == run.id, told
    scope = ("AZUREML_ARM_SUBSCRIPTION", "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_WORKSPACE_NAME")
    assert [told[name] for name in scope] == list(t.scope), told
    assert told["AZUREML_ARM_PROJECT_NAME"] == told["MLFLOW_EXPERIMENT_NAME"] == where.name, told
    assert told["AZUREML_EXPERIMENT_ID"] == told["MLFLOW_EXPERIMENT_ID"], told
    assert told["AZUREML_SERVICE_ENDPOINT"] and told["AZUREML_DISCOVERY_SERVICE_ENDPOINT"].endswith(told["AZUREML_WORKSPACE_ID"]), told
    assert told["AZUREML_RUN_TOKEN"] == told["MLFLOW_TRACKING_TOKEN"] and told["AZUREML_RUN_TOKEN_EXPIRY"].endswith("Z"), told
    assert "/mlflow/v1.0/subscriptions/" in told["MLFLOW_TRACKING_URI"], told
    assert told["AZUREML_CURRENT_CLOUD"] == "AzureCloud" and told["REQUESTS_CA_BUNDLE"], told


def flow_own_tracking_server(t):
    """A definition that names another tracking server keeps this run's token to itself"""
    script = "import os\nprint([k for k in sorted(os.environ) if k.startswith('MLFLOW_')], os.environ['AZUREML_CURRENT_CLOUD'])\n"
    config = t.run_config(MLFLOW_TRACKING_URI="http://elsewhere.example", AZUREML_CURRENT_CLOUD="Mine")
    run = t.submit(experiment(t), {"main.py": script}, config=config)
    ended(t, run)
    assert text_of(run, "user_logs/std_log.txt") == "['MLFLOW_TRACKING_URI'] Mine\n"


def flow_short_script(t):
    """A script that logs and ends at once loses no metric, whichever way it ends"""
    begin = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('loss', 0.25)\nrun.log_list('l', [1, 2, 3])\n"
    where = experiment(t)
    for end, status in (("", "Completed"), ("import sys\nsys.exit(3)\n", "Failed"), ("raise ValueError('late')\n", "Failed")):
        run = t.submit(where, {"main.py": begin + end})
        ended(t, run, status)
        metrics = run.get_metrics()
        assert metrics["loss"] == 0.25 and metrics["l"] == [1, 2, 3], metrics
        log = text_of(run, "user_logs/std_log.txt")
        assert "Cleaning up" not in log and "could not be sent" not in log, log


def flow_many_metrics(t):
    """Two thousand values of a script that ends right after them, in order"""
    script = "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(2000):\n    run.log('step', i)\n"
    run = t.submit(experiment(t), {"main.py": script})
    ended(t, run)
    assert run.get_metrics()["step"] == list(range(2000))


def flow_threads(t):
    """A thread that goes on after the script's last line still logs"""
    script = (
        "import threading, time\nfrom azureml.core import Run\nrun = Run.get_context()\n"
        "def late():\n    time.sleep(1)\n    run.log('late', 1)\n"
        "threading.Thread(target=late).start()\n"
    )
    run = t.submit(experiment(t), {"main.py": script})
    ended(t, run)
    assert run.get_metrics() == {"late": 1}, run.get_metrics()


def flow_context(t):
    """Run.get_context(): tags, properties, files, folders, details and a status that stays the service's own"""
    script = (
        "import os\nfrom azureml.core import Run\n"
        "run = Run.get_context(allow_offline=False)\n"
        "run.tag('colour', 'blue')\n"
        "run.add_properties({'p': 'q'})\n"
        "os.makedirs('out', exist_ok=True)\n"
        "open('out/a.txt', 'w').write('A')\nopen('b.txt', 'w').write('B')\n"
        "run.upload_file('files/b c.txt', 'b.txt')\n"
        "run.upload_folder('folder', 'out')\n"
        "os.makedirs('outputs', exist_ok=True)\nopen('outputs/m.txt', 'w').write('M')\n"
        "print(run.id, run.get_details()['status'], run.get_status(), run.experiment.name)\n"
        "run.complete()\n"
        "print('after complete')\n"
    )
    where = experiment(t)
    run = t.submit(where, {"main.py": script})
    ended(t, run)
    log = text_of(run, "user_logs/std_log.txt").splitlines()
    assert "%s Running Running %s" % (run.id, where.name) in log and "after complete" in log, log
    assert run.get_tags()["colour"] == "blue" and run.get_properties()["p"] == "q"
    names = set(run.get_file_names())
    assert {"files/b c.txt", "folder/a.txt", "outputs/m.txt"} <= names, names
    assert text_of(run, "files/b c.txt") == "B"


def flow_fail_inside(t):
    """run.fail() keeps its error; the end is still told by the exit code"""
    script = "from azureml.core import Run\nrun = Run.get_context()\nrun.fail(error_details='no data today')\nraise SystemExit(4)\n"
    run = t.submit(experiment(t), {"main.py": script})
    details = ended(t, run, "Failed")
    assert run.get_properties()["malachite.exitCode"] == "4", run.get_properties()
    assert "no data today" in json.dumps(details["error"]), details["error"]


def flow_children(t):
    """Children of a run, made inside of it, with metrics of their own"""
    script = (
        "from azureml.core import Run\nrun = Run.get_context()\n"
        "for i in range(3):\n"
        "    with run.child_run(name='fold-%d' % i) as child:\n"
        "        child.log('score', i)\n"
        "run.log('best', 2)\n"
    )
    run = t.submit(experiment(t), {"main.py": script})
    ended(t, run)
    children = list(run.get_children())
    assert sorted(child.name.split(">")[-1] for child in children) == ["fold-0", "fold-1", "fold-2"], children
    assert all(child.get_status() == "Completed" for child in children)
    assert sorted(child.get_metrics()["score"] for child in children) == [0, 1, 2]
    assert all(child.parent.id == run.id for child in children)
    assert run.get_metrics()["best"] == 2


def flow_submit_child(t):
    """A run submits runs below itself, with nothing but its own token, and waits for them"""
    script = (
        "import os, sys\nfrom azureml.core import Run, RunConfiguration, ScriptRunConfig\n"
        "config = RunConfiguration()\nconfig.target = 'cpu-cluster'\n"
        "config.environment.python.user_managed_dependencies = True\n"
        "config.environment.python.interpreter_path = sys.executable\n"
        "run = Run.get_context()\n"
        "child = run.submit_child(ScriptRunConfig('.', script='child.py', run_config=config))\n"
        "child.wait_for_completion(wait_post_processing=True)\n"
        "print('child', child.get_status(), child.parent.id == run.id)\n"
    )
    child = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('x', 1)\nprint('parent', run.parent.id)\n"
    run = t.submit(experiment(t), {"main.py": script, "child.py": child})
    ended(t, run)
    log = text_of(run, "user_logs/std_log.txt")
    assert "child Completed True" in log, log
    (below,) = list(run.get_children())
    assert below.get_metrics() == {"x": 1}
    assert "parent " + run.id in text_of(below, "user_logs/std_log.txt")


def flow_as_started_directly(t):
    """argv, path, __main__, multiprocessing and tracebacks are those of a direct start"""
    script = (
        "import sys, os, pickle, multiprocessing\nimport helper\n"
        "class Model:\n    pass\n"
        "def double(n):\n    return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    print(sys.argv, os.path.basename(sys.path[0]), os.path.basename(__file__), helper.x)\n"
        "    print(type(pickle.loads(pickle.dumps(Model()))).__module__)\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
        "    double('a', 2)\n"
    )
    run = t.submit(experiment(t), {"src/main.py": script, "src/helper.py": "x = 'helped'\n"}, script="src/main.py", arguments=["a b"])
    ended(t, run, "Failed")
    log = text_of(run, "user_logs/std_log.txt")
    lines = log.splitlines()
    assert lines[:3] == ["['src/main.py', 'a b'] src main.py helped", "__main__", "[2, 4]"], lines
    assert lines[3] == "Traceback (most recent call last):" and "main.py" in lines[4], lines
    assert "start.py" not in log and "TypeError" in lines[-1], lines


def flow_read_others(t):
    """A run reads the metrics and files of other runs of its workspace, and changes none of them"""
    where = experiment(t)
    first = t.submit(where, {"main.py": "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\n"})
    ended(t, first)
    script = (
        "import sys\nfrom azureml.core import Run\nrun = Run.get_context()\n"
        "other = Run(run.experiment, sys.argv[1])\n"
        "print(other.get_metrics())\n"
        "try:\n    other.tag('x', 'y')\n    print('changed')\n"
        "except Exception as error:\n    print('refused')\n"
    )
    run = t.submit(where, {"main.py": script}, arguments=[first.id])
    ended(t, run)
    log = text_of(run, "user_logs/std_log.txt").splitlines()
    said = [line for line in log if line in ("{'a': 1}", "refused", "changed")]  # Some clients' packages warn of the Python.
    assert said == ["{'a': 1}", "refused"], log
    assert "x" not in first.get_tags()


def flow_log_grows(t):
    """The log can be read while the script runs, and only grows"""
    script = "import time\nfor i in range(40):\n    print(i, flush=True)\n    time.sleep(0.1)\n"
    run = t.submit(experiment(t), {"main.py": script})
    t.until("the first lines", lambda: run.get_status() in ("Running",) + DONE)
    seen = []
    while run.get_status() not in DONE:
        if "user_logs/std_log.txt" in run.get_file_names():
            seen.append(text_of(run, "user_logs/std_log.txt"))
    ended(t, run)
    last = text_of(run, "user_logs/std_log.txt")
    assert last == "".join("%d\n" % i for i in range(40)), last
    assert len(set(seen)) > 1 and all(last.startswith(text) for text in seen), seen

# Before, a run uploads single files alone, fails without words, and submits no other.
for _flow in (flow_context, flow_fail_inside, flow_children, flow_submit_child):
    _flow.since = "1.0.85"
