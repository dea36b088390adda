"""Runs the flows of one area with the client that is installed in this interpreter, one after the other, and prints a line of
JSON for each. All that the flows know of the service comes from environment variables, as a user's script has them.

    python run_flow.py FOLDER_OF_CLIENT AREA [FLOW...]

A flow is a function `flow_NAME(t)`; the first line of its docstring is its title. It passes when it returns. The attributes
`since` and `until` of the function (set after it) are the first and the last version of the client that has what it shows. Its
attribute `cannot` says why versions that have it cannot do it with any service, as {last version of those: reason}.
"""
import faulthandler
import importlib.util
import inspect
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import uuid

# What the client prints must not mix with the lines of this program.
LINES = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


# The releases of azureml-core before this one know much less.
FIRST = (1, 0, 85)


class Tools:
    """What a flow is given."""

    def __init__(self, area, version=()):
        self.area = area
        self.version = version
        self.first = version < FIRST
        self.python = sys.executable
        self.url = os.environ["MALACHITE_ENDPOINT"]
        self.token = os.environ["MALACHITE_TOKEN"]
        self.scope = os.environ["MALACHITE_WORKSPACE"].split("/")
        self._folders = []

    def workspace(self):
        """The workspace, as every v1 script opens it; where the service is comes from environment variables alone."""
        from azureml.core import Workspace

        return Workspace(*self.scope)

    def tracking_uri(self, kind="http"):
        """The address for mlflow: `http`, `https` (plain mlflow) or `azureml` (the plug-in)."""
        path = "/mlflow/v1.0/subscriptions/%s/resourceGroups/%s/providers/Microsoft.MachineLearningServices/workspaces/%s" % tuple(
            self.scope
        )
        return kind + "://" + self.url.split("://", 1)[1] + path

    def name(self, prefix="e"):
        """A name that no other flow has."""
        return "%s-%s" % (prefix, uuid.uuid4().hex[:12])

    def folder(self, files):
        """A new folder with these files, by path; texts or bytes."""
        root = tempfile.mkdtemp(prefix="flow-")
        self._folders.append(root)
        for path, content in files.items():
            full = os.path.join(root, path)
            if not os.path.isdir(os.path.dirname(full)):
                os.makedirs(os.path.dirname(full))
            with open(full, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        return root

    def until(self, what, look, seconds=60):
        """What `look` gives once it gives something true. Fails by name when that does not come."""
        end = time.time() + seconds
        while True:
            found = look()
            if found:
                return found
            assert time.time() < end, "waited %s s for %s" % (seconds, what)
            time.sleep(0.1)

    def run_config(self, target=None, **variables):
        """A run configuration that runs with this interpreter, on the target `cpu-cluster` unless told otherwise."""
        from azureml.core import RunConfiguration

        config = RunConfiguration()
        config.target = target or "cpu-cluster"
        config.environment.python.user_managed_dependencies = True
        config.environment.python.interpreter_path = self.python
        if self.first:
            # The first releases send files to one fixed host, from inside a run too.
            variables = dict({name: os.environ[name] for name in ("HTTPS_PROXY", "NO_PROXY")}, **variables)
        config.environment.environment_variables.update(variables)
        return config

    def start(self, experiment, **more):
        """Starts an interactive run that keeps no snapshot of the current folder; the first releases know none there."""
        snapshot = {} if self.first else {"snapshot_directory": None}
        return experiment.start_logging(**dict(snapshot, **more))

    def ended(self, run):
        """The details of a submitted run once it has ended, whichever way; the first releases raise for none."""
        quiet = {} if self.first else {"raise_on_error": False}
        return run.wait_for_completion(wait_post_processing=True, **quiet)

    def submit(self, experiment, files, script="main.py", arguments=None, config=None, **more):
        """Submits a folder of these files and answers the run."""
        from azureml.core import ScriptRunConfig

        source = ScriptRunConfig(
            source_directory=self.folder(files), script=script, arguments=arguments or [], run_config=config or self.run_config()
        )
        return experiment.submit(source, **more)

    def close(self):
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._folders = []


class TooLong(Exception):
    pass


def parts(version):
    return tuple(int(number) for number in re.findall(r"\d+", version.split("post")[0])[:4])


def version_of(client):
    if client == "azureml_core":
        import azureml.core

        return azureml.core.VERSION
    if client == "azureml_mlflow":
        import azureml.mlflow

        return azureml.mlflow.VERSION
    import mlflow

    return mlflow.__version__


def load(path):
    spec = importlib.util.spec_from_file_location("flows_of_an_area", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(flow, tools, seconds):
    def late(*_):
        raise TooLong("took longer than %s s" % seconds)

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(seconds + 20, exit=True)
    try:
        flow(tools)
        return None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # A flow may end in SystemExit or in what a client makes of it.
        text = io.StringIO()
        traceback.print_exc(file=text)
        return "%s: %s\n%s" % (type(error).__name__, error, text.getvalue()[-6000:])
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        tools.close()


def main(client, area, names):
    version = version_of(client)
    here = os.path.dirname(os.path.abspath(__file__))
    module = load(os.path.join(here, "flows", client, area + ".py"))
    flows = [(name, flow) for name, flow in inspect.getmembers(module, inspect.isfunction) if name.startswith("flow_")]
    flows.sort(key=lambda pair: pair[1].__code__.co_firstlineno)
    failed = False
    for name, flow in flows:
        if names and name not in names and name[len("flow_"):] not in names:
            continue
        title = (inspect.getdoc(flow) or name).splitlines()[0]
        told = {"client": client, "version": version, "area": area, "flow": name[len("flow_"):], "title": title}
        first, last = getattr(flow, "since", None), getattr(flow, "until", None)
        if (first and parts(version) < parts(first)) or (last and parts(version) > parts(last)):
            told["outcome"] = "absent"
        elif any(parts(version) <= parts(at) for at in getattr(flow, "cannot", {})):
            reason = min((parts(at), why) for at, why in flow.cannot.items() if parts(version) <= parts(at))[1]
            told.update(outcome="cannot", reason=reason)
        else:
            began = time.time()
            error = run(flow, Tools(area, parts(version)), getattr(flow, "seconds", 120))
            told.update(outcome="failed" if error else "passed", seconds=round(time.time() - began, 2))
            if error:
                told["error"] = error
                failed = True
        LINES.write(json.dumps(told) + "\n")
        LINES.flush()
    # Threads of a client that hang must not keep this program.
    sys.stderr.flush()
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
