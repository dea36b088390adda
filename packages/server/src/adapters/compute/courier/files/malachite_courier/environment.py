"""The python of the run: one that this machine has, or one that is built here and kept for the next run that asks for the same."""
import os
import shutil
import socket
import subprocess
import sys

from malachite_agent import builds
from malachite_agent.script import StartFailed

from . import tools
from .cache import cache_folder
from .folder import OWN, Wrong


class _Asked:
    """What the agent's builds read of a job."""

    def __init__(self, folder, build):
        self._folder = folder
        self.build = build
        self.folder = folder.inside("project")
        self.setup = folder.inside(OWN)

    def inside(self, path):
        return self._folder.inside(*path.split("/"))


def make(folder, job, stopped):
    """Tells the job its python. `stopped` answers a reason to leave off, or None. Raises Wrong, builds.Stopped."""
    if "build" in job.data:
        folder.tell("Its environment is made on %s; see %s." % (socket.gethostname(), builds.LOG))
        cache = os.path.join(cache_folder(folder), "environments")
        build = builds.Build(_Asked(folder, job.data["build"]), stopped, lambda process: None, cache, tools.marks(job), tools.folders(job))
        try:
            python = build.make()
        except StartFailed as failure:
            raise Wrong(str(failure), failure.exit_code, "environment")
        except OSError as error:
            raise Wrong("The environment could not be made: %s." % error, 125, "environment")
        job.know(python, os.path.dirname(python), build.prefix)
        if build.use is not None:
            job.inherited.append(build.use)
        return
    name = job.data.get("interpreter")
    found = None if name is None else _find(name, job.path(), tools.folders(job))
    if found is None:
        if name is None or job.data.get("optional"):
            job.know(name or "python", "", "")
            return
        where = "It is no program there." if "/" in name else "It is in no folder of the PATH there (%s)." % job.path()
        text = "There is no python interpreter %r on %s. %s" % (name, socket.gethostname(), where)
        raise Wrong(text, 127, "environment")
    job.know(found, os.path.dirname(found) if "/" in name or _is_script(found) else "", "")


def _find(name, path, first):
    wanted = os.path.expanduser(name)
    if first and "/" not in wanted:
        # A target may bring a python3 and no python; it is meant before any python of the PATH.
        own = os.pathsep.join(first)
        wanted = shutil.which(wanted, path=own) or (wanted == "python" and shutil.which("python3", path=own)) or wanted
    if "/" in wanted:
        found = wanted if os.path.isabs(wanted) and os.path.isfile(wanted) and os.access(wanted, os.X_OK) else None
    else:
        found = shutil.which(wanted, path=path)
        # Debian has a python3 and no python; every client sends "python" where nothing was chosen.
        if found is None and wanted == "python":
            found = shutil.which("python3", path=path) or sys.executable
    if found is None or not _is_script(found):
        return found
    try:
        # A shim can be pointed elsewhere, and takes its time at every start.
        told = subprocess.run(
            [found, "-I", "-c", "import sys; sys.stdout.write(sys.executable)"], stdout=subprocess.PIPE, timeout=20
        )
        return told.stdout.decode("utf-8") or None if told.returncode == 0 else None
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _is_script(path):
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
