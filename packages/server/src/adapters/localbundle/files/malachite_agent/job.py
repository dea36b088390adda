"""The run as the service described it (job.json), and the environment that its script gets."""
import json
import os
import ssl
import time
from urllib.parse import quote


class Job:
    """All that is known of the run. Holds the run's token, so it is never printed."""

    def __init__(self, setup):
        self.setup = setup
        self.folder = os.path.dirname(setup)
        path = os.path.join(setup, "job.json")
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        try:
            os.chmod(path, 0o600)
        except OSError:
            pass  # Some unpackers drop the mode and some file systems have none; the folder is the person's own.
        self.url = data["serviceUrl"].rstrip("/")
        self.scope = data["scope"]
        self.experiment = data["experimentName"]
        self.run_id = data["runId"]
        self.container = data["dataContainerId"]
        self.token = data["token"]
        self.token_expires = data["tokenExpiresAt"] / 1000.0
        self.snapshot_id = data.get("snapshotId")
        self.script = data["script"]
        self.command = data.get("command")
        self.beside_project = data["besideProject"]
        self.arguments = data["arguments"]
        self.interpreter = data.get("interpreterPath")
        self.build = data.get("build")
        self.variables = data["environmentVariables"]
        self.only = data.get("only")
        self.log = data["log"]
        self.max_seconds = data.get("maxRunDurationSeconds")
        self.collect_outputs = data["outputCollection"]
        self.watched = data["directoriesToWatch"]

    def workspace_path(self):
        """The part of every address that names the workspace."""
        return (
            "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.MachineLearningServices/workspaces/%s"
            % tuple(_part(self.scope[name]) for name in ("subscriptionId", "resourceGroup", "workspace"))
        )

    def run_path(self):
        """The address of the run in the history service."""
        return "/history/v1.0%s/experiments/%s/runs/%s" % (
            self.workspace_path(),
            _part(self.experiment),
            _part(self.run_id),
        )

    def content_path(self):
        """The address of the contents of the run's files."""
        return "/artifact/v2.0%s/artifacts/ExperimentRun/%s/content" % (
            self.workspace_path(),
            _part(self.container),
        )

    def snapshot_path(self):
        """The address of the project as a zip."""
        return "/malachite/v1.0%s/snapshots/%s/zip" % (self.workspace_path(), _part(self.snapshot_id))

    def inside(self, name):
        """The path on this machine of a file that the service knows by that name."""
        return os.path.join(self.folder, *name.split("/"))

    def environment(self, token, expires):
        """The script's variables: the caller's, then those of the job, and those that change: the token and its end."""
        variables = dict(os.environ)
        variables.pop("AZUREML_TARGET_TYPE", None)
        # Without it Python keeps output back while it is no terminal, and the log would not be live.
        variables.setdefault("PYTHONUNBUFFERED", "1")
        if not variables.get("REQUESTS_CA_BUNDLE"):
            bundle = trusted_bundle(self.setup)
            if bundle is not None:
                variables["REQUESTS_CA_BUNDLE"] = bundle
        variables.update(self.variables)
        variables["AZUREML_RUN_TOKEN"] = token
        variables["AZUREML_RUN_TOKEN_EXPIRY"] = iso(expires)
        if variables.get("MLFLOW_TRACKING_URI", "").startswith(self.url + "/"):
            variables["MLFLOW_TRACKING_TOKEN"] = token
        return variables


def trusted_bundle(setup):
    """A file with the certificates that this machine trusts and the service's own authority; None when it has none."""
    authority = os.path.join(setup, "ca.pem")
    if not os.path.isfile(authority):
        return None
    public = ssl.get_default_verify_paths().cafile
    path = os.path.join(setup, "ca-bundle.pem")
    with open(path + ".new", "wb") as bundle:
        for source in (public, authority):
            if source and os.path.isfile(source):
                with open(source, "rb") as file:
                    bundle.write(file.read().rstrip() + b"\n")
    os.replace(path + ".new", path)
    return path


def iso(seconds):
    """An instant as RFC 3339 in UTC, to the millisecond."""
    whole, milliseconds = divmod(int(round(seconds * 1000)), 1000)
    return "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)), milliseconds)


def _part(value):
    return quote(value, safe="")
