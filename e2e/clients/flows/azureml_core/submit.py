"""Submitting as a v1 script does it: definitions of every kind, waiting, cancelling, preparing, what is refused and how."""
import io
import json
import os
import shutil
import tempfile
from contextlib import redirect_stdout

from azureml.core import Experiment, RunConfiguration, ScriptRunConfig

DONE = ("Completed", "Failed", "Canceled")


def experiment(t):
    return Experiment(t.workspace(), t.name("submit"))


def log_of(run):
    """The text of the run's log, as it is downloaded."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "log.txt")
    try:
        run.download_file("user_logs/std_log.txt", path)
        with io.open(path, encoding="utf-8") as file:
            return file.read()
    finally:
        shutil.rmtree(folder)


def streamed(run, **more):
    """What `wait_for_completion(show_output=True)` prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        details = run.wait_for_completion(show_output=True, **more)
    return out.getvalue(), details


def failure(t, run, **more):
    """The text of the error that waiting raises; of the details where the release raises none."""
    if t.first:
        return json.dumps(run.wait_for_completion(wait_post_processing=True, **more)["error"])
    return refusal(lambda: run.wait_for_completion(**more))


def refusal(submit):
    """The text of the error that the client raises."""
    try:
        submit()
    except Exception as error:  # noqa: each release raises another class
        return str(error)
    raise AssertionError("the submission was taken")


def flow_script(t):
    """A script with arguments, streamed to its last line"""
    run = t.submit(
        experiment(t),
        {"main.py": "import sys\nfor i in range(300):\n    print('line', i)\nprint(sys.argv[1:])\n"},
        arguments=["--lr", 0.1, "--epochs", 3, "--name", "two words"],
    )
    text, details = streamed(run)
    assert details["status"] == "Completed", details
    lines = text.splitlines()
    assert "line 0" in lines and "line 299" in lines, text
    assert "['--lr', '0.1', '--epochs', '3', '--name', 'two words']" in lines, text
    assert run.get_status() == "Completed"
    assert details["runDefinition"]["script"] == "main.py"
    assert details["runDefinition"]["environment"]["python"]["userManagedDependencies"] is True
    assert details["properties"]["ContentSnapshotId"], details


def flow_short_script(t):
    """Of a script of a few milliseconds the whole log is shown, though it has ended before anybody looked"""
    run = t.submit(experiment(t), {"main.py": "print('gone in a blink')\n"})
    t.until("the end", lambda: status_for_others(t, run) in DONE)
    text, details = streamed(run)
    assert "gone in a blink" in text.splitlines(), text
    assert details["status"] == "Completed", details


def status_for_others(t, run):
    """The status as somebody else sees it, so that the client has not been told."""
    import requests

    url = "%s/history/v1.0/subscriptions/%s/resourceGroups/%s/providers/Microsoft.MachineLearningServices/workspaces/%s/runs/%s"
    answer = requests.get(url % ((t.url,) + tuple(t.scope) + (run.id,)), headers={"Authorization": "Bearer " + t.token})
    return answer.json()["status"]


def flow_wait_quietly(t):
    """Waiting without output gives the end's details; a failure is raised with the error of the script"""
    run = t.submit(experiment(t), {"main.py": "print('fine')\n"})
    assert run.wait_for_completion(wait_post_processing=True)["status"] == "Completed"
    run = t.submit(experiment(t), {"main.py": "raise ValueError('bad rate: -1')\n"})
    error = failure(t, run)
    assert "User program failed with ValueError: bad rate: -1" in error, error
    assert t.ended(run)["status"] == "Failed"
    details = run.get_details()
    assert details["error"]["error"]["code"] == "UserError", details["error"]


def flow_failure_streamed(t):
    """A failing script streams its traceback, ends Failed and tells the error as JSON"""
    run = t.submit(experiment(t), {"main.py": "def f():\n    1/0\nf()\n"})
    out = io.StringIO()
    with redirect_stdout(out):
        error = failure(t, run, show_output=True)
    text = out.getvalue()
    assert "ZeroDivisionError: division by zero" in text, text
    assert "start.py" not in text, text
    assert "ZeroDivisionError" in error and '"error"' in error, error
    assert run.get_status() == "Failed"


def flow_zip(t):
    """AML_FORCE_EXECUTE_WITH_ZIP sends the project with the request"""
    os.environ["AML_FORCE_EXECUTE_WITH_ZIP"] = "1"
    try:
        run = t.submit(
            experiment(t), {"pkg/main.py": "import helper\nprint(helper.x)\n", "pkg/helper.py": "x = 'zipped'\n"}, script="pkg/main.py"
        )
    finally:
        del os.environ["AML_FORCE_EXECUTE_WITH_ZIP"]
    assert t.ended(run)["status"] == "Completed"
    assert log_of(run) == "zipped\n"


def flow_command(t):
    """A command as a list and as a line for the shell, with variables and the environment's python"""
    config = t.run_config()
    source = ScriptRunConfig(
        source_directory=t.folder({"main.py": "import sys\nprint(sys.executable, sys.argv[1:])\n"}),
        command=["python", "main.py", "--x", "1"],
        run_config=config,
    )
    run = experiment(t).submit(source)
    assert t.ended(run)["status"] == "Completed"
    assert log_of(run).split()[1:] == ["['--x',", "'1']"], log_of(run)
    assert os.path.realpath(os.path.dirname(log_of(run).split()[0])) == os.path.realpath(os.path.dirname(t.python)), log_of(run)
    line = ScriptRunConfig(
        source_directory=t.folder({"a.txt": "A\n"}),
        command="echo run $AZUREML_RUN_ID && cat a.txt | tr A B && [[ 1 == 1 ]]; exit 3",
        run_config=t.run_config(),
    )
    run = experiment(t).submit(line)
    assert t.ended(run)["status"] == "Failed"
    assert log_of(run).splitlines() == ["run " + run.id, "B"], log_of(run)
    assert run.get_properties()["malachite.exitCode"] == "3"


flow_command.since = "1.15.0"


def flow_no_project(t):
    """Without a snapshot a command runs in an empty folder; a script is refused with what to change"""
    config = t.run_config()
    config.history.snapshot_project = False
    source = ScriptRunConfig(source_directory=t.folder({"main.py": ""}), command="ls; echo done", run_config=config)
    run = experiment(t).submit(source)
    assert t.ended(run)["status"] == "Completed"
    assert log_of(run).split() == ["logs", "outputs", "done"], log_of(run)
    error = refusal(lambda: t.submit(experiment(t), {"main.py": ""}, config=config))
    assert "snapshot_project" in error, error


flow_no_project.since = "1.15.0"


def flow_environment(t):
    """An Environment object with a name, an interpreter and variables; those of the run win over its own"""
    from azureml.core import Environment

    environment = Environment(t.name("env"))
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = t.python
    environment.environment_variables = {"A": "environment", "B": "environment"}
    source = ScriptRunConfig(
        source_directory=t.folder({"main.py": "import os\nprint(os.environ['A'], os.environ['B'])\n"}),
        script="main.py",
        compute_target="cpu-cluster",
        environment=environment,
        max_run_duration_seconds=600,
    )
    source.run_config.environment_variables = {"A": "run"}
    run = experiment(t).submit(source)
    assert t.ended(run)["status"] == "Completed"
    assert log_of(run) == "run environment\n", log_of(run)
    assert run.get_details()["runDefinition"]["maxRunDurationSeconds"] == 600
    assert run.get_details()["runDefinition"]["environment"]["name"] == environment.name


flow_environment.since = "1.15.0"


def flow_environment_of_configuration(t):
    """An Environment object as a part of the run configuration"""
    from azureml.core import Environment

    config = t.run_config()
    interpreter = config.environment.python.interpreter_path
    config.environment = Environment(t.name("env"))
    config.environment.python.user_managed_dependencies = True
    config.environment.python.interpreter_path = interpreter
    config.environment.environment_variables = {"A": "environment"}
    run = t.submit(experiment(t), {"main.py": "import os\nprint(os.environ['A'])\n"}, config=config)
    assert t.ended(run)["status"] == "Completed"
    assert log_of(run) == "environment\n", log_of(run)
    assert run.get_details()["runDefinition"]["environment"]["name"] == config.environment.name


flow_environment_of_configuration.since = "1.0.85"


def flow_runconfig_file(t):
    """A .runconfig file of the project folder is loaded and submitted"""
    folder = t.folder({"main.py": "print('from a file')\n"})
    first = t.first  # Those have another folder, and write the ending themselves.
    os.mkdir(os.path.join(folder, "aml_config" if first else ".azureml"))
    t.run_config().save(path=folder, name="cluster" if first else "cluster.runconfig")
    config = RunConfiguration.load(path=folder, name="cluster")
    run = experiment(t).submit(ScriptRunConfig(source_directory=folder, script="main.py", run_config=config))
    assert t.ended(run)["status"] == "Completed"
    assert log_of(run) == "from a file\n"


def flow_over_time(t):
    """max_run_duration_seconds ends a run"""
    config = t.run_config()
    config.max_run_duration_seconds = 2
    run = t.submit(experiment(t), {"main.py": "import time\ntime.sleep(60)\n"}, config=config)
    t.until("the end", lambda: run.get_status() in DONE, 60)
    assert run.get_status() == "Canceled", run.get_status()


def flow_cancel(t):
    """Cancelling ends the process and the run; cancelling again disturbs nothing"""
    run = t.submit(experiment(t), {"main.py": "import time\nprint('on', flush=True)\ntime.sleep(120)\n"})
    t.until("Running", lambda: run.get_status() == "Running")
    run.cancel()
    t.until("the end", lambda: run.get_status() in DONE)
    assert run.get_status() == "Canceled"
    run.cancel()
    assert run.get_status() == "Canceled"
    assert run.get_details()["status"] == "Canceled"


def flow_outputs(t):
    """outputs/, logs/ and watched folders are uploaded; without output collection outputs/ is not"""
    script = (
        "import os\nfor d in ('outputs', 'logs', 'plots'):\n    os.makedirs(d, exist_ok=True)\n"
        "    open(d + '/a.txt', 'w').write(d)\n"
    )
    config = t.run_config()
    config.history.directories_to_watch = ["logs", "plots"]
    run = t.submit(experiment(t), {"main.py": script}, config=config)
    assert t.ended(run)["status"] == "Completed"
    names = set(run.get_file_names())
    assert {"outputs/a.txt", "logs/a.txt", "plots/a.txt", "user_logs/std_log.txt"} <= names, names
    config.history.output_collection = False
    run = t.submit(experiment(t), {"main.py": script}, config=config)
    t.ended(run)
    assert set(run.get_file_names()) == {"user_logs/std_log.txt"}, run.get_file_names()


def flow_tags(t):
    """Tags of the submission, and the run found again in its experiment"""
    where = experiment(t)
    run = t.submit(where, {"main.py": "print(1)\n"}, tags={"team": "blue"})
    t.ended(run)
    assert run.get_tags()["team"] == "blue"
    assert [found.id for found in where.get_runs(tags="team")] == [run.id]
    assert run.get_details()["target"] == "cpu-cluster"


def flow_queued(t):
    """A run that waits for its turn is waited for, and says what for"""
    where = experiment(t)
    busy = "import time\ntime.sleep(4)\n"
    runs = []
    for _ in range(2):
        runs.append(t.submit(where, {"main.py": busy}))
        status = runs[-1].get_status()
        assert status in ("Queued", "Starting", "Preparing", "Running"), status
    for run in runs:
        assert t.ended(run)["status"] == "Completed"


def flow_refused(t):
    """What is not done here is refused before the run exists, by the path of the property and what to change"""
    where = experiment(t)
    folder = t.folder({"main.py": ""})

    def told(change):
        config = t.run_config()
        change(config)
        return refusal(lambda: where.submit(ScriptRunConfig(source_directory=folder, script="main.py", run_config=config)))

    def docker(config):
        config.environment.docker.arguments = ["--privileged"]

    def nodes(config):
        config.node_count = 2000

    def servers(config):
        config.communicator = "ParameterServer"

    def machine(config):
        config.amlcompute.vm_size = "STANDARD_D2_V2"

    def target(config):
        config.target = "no-such-cluster"

    def interpreter(config):
        config.environment.python.interpreter_path = "/no/such/python"

    for change, path in (
        (docker, "configuration.environment.docker.arguments"),
        (nodes, "configuration.nodeCount"),
        (servers, "configuration.communicator"),
        (machine, "configuration.amlcompute.vmSize"),
        (target, "no-such-cluster"),
        (interpreter, "/no/such/python"),
    ):
        error = told(change)
        assert path in error, (path, error)
    assert list(where.get_runs()) == []


def flow_prepare(t):
    """prepare makes a run that ends when its environment is there, and its check says so"""
    from azureml._execution import _commands
    from azureml._project.project import Project

    where = experiment(t)
    folder = t.folder({"main.py": "print('never')\n"})
    project = Project(directory=folder, experiment=where)
    for way in ("", "1"):
        if way:
            os.environ["AML_FORCE_EXECUTE_WITH_ZIP"] = way
        try:
            config = t.run_config()
            config.script = "main.py"
            assert _commands.prepare_compute_target(project, config, check=True) is True
            run = _commands.prepare_compute_target(project, config)
            details = run.wait_for_completion(wait_post_processing=True)
            assert details["status"] == "Completed", details
            assert list(run.get_metrics()) == []
            config.environment.python.interpreter_path = "/no/such/python"
            assert _commands.prepare_compute_target(project, config, check=True) is False
        finally:
            os.environ.pop("AML_FORCE_EXECUTE_WITH_ZIP", None)
    config.target = "cpu-cluster"
    assert _commands.clean(project, config, run_id=run.id) == []
    assert _commands.clean(project, config, all=True) == []

# Before, there are no folders to watch.
flow_outputs.since = "1.0.85"
