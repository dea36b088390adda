"""Brings the project into the run's folder, when the client that made the folder has not put it there."""
import os
import stat
import zipfile

from .folders import inside

SETUP_NAME = "azureml-setup"
SCRIPT_MISSING = "ScriptNotFound"


class ProjectError(Exception):
    """The project cannot be laid; the text tells why, `code` in one word."""

    def __init__(self, message, code="ProjectUnavailable"):
        Exception.__init__(self, message)
        self.code = code


def lay_project(job, service):
    """Fetches and unpacks the snapshot unless it is there already. Raises ProjectError, Refused, Away."""
    begun = os.path.join(job.setup, "unpacking")
    done = os.path.join(job.setup, "unpacked")
    if job.command:
        # The clients of v1 copy the project themselves; an unpacking that was broken off is done again.
        if job.beside_project or job.snapshot_id is None or os.path.exists(done):
            return
    else:
        script = inside(job.folder, job.script)
        if script is None:
            raise ProjectError("The script %r is not a path in the project." % job.script, SCRIPT_MISSING)
        if os.path.isfile(script) and not os.path.exists(begun):
            return
    if job.snapshot_id is None or job.beside_project:
        if not os.path.isfile(script):
            text = "The script %r is not in %s, and the run has no snapshot." % (job.script, job.folder)
            raise ProjectError(text, SCRIPT_MISSING)
        return
    archive = os.path.join(job.setup, "project.zip")
    try:
        with open(begun, "w"):
            pass
        _fetch(job, service, archive)
        _unpack(job.folder, archive)
        os.unlink(archive)
        with open(done, "w"):
            pass
        os.unlink(begun)
    except zipfile.BadZipFile as error:
        raise ProjectError("The project's zip is broken: %s." % error)
    except OSError as error:
        raise ProjectError("The project cannot be unpacked into %s: %s." % (job.folder, error))
    if not job.command and not os.path.isfile(script):
        raise ProjectError("The script %r is not a file of the project." % job.script, SCRIPT_MISSING)


def _fetch(job, service, archive):
    with open(archive, "wb") as file:
        service.call("GET", job.snapshot_path(), sink=_Download(file))


class _Download:
    """Where the zip is written. A full disk is no fault of the connection, as an OSError would mean there."""

    def __init__(self, file):
        self._file = file

    def begin(self):
        """A broken download begins anew."""
        self._file.seek(0)
        self._file.truncate()

    def write(self, block):
        try:
            self._file.write(block)
        except OSError as error:
            raise ProjectError("The project cannot be written to %s: %s." % (self._file.name, error))


def _unpack(folder, archive):
    with zipfile.ZipFile(archive) as project:
        for entry in project.infolist():
            # The setup folder is ours: a project that holds one from an earlier run must not replace this run's.
            if entry.filename.replace("\\", "/").split("/")[0].lower() == SETUP_NAME:
                continue
            mode = entry.external_attr >> 16
            directory = entry.filename.endswith("/")
            target = None if "\\" in entry.filename else inside(folder, entry.filename)
            if target is None:
                raise ProjectError("The project's zip holds a path that leads outside: %r." % entry.filename)
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ProjectError("The project's zip holds something that is no file: %r." % entry.filename)
            _make_folder(folder, target if directory else os.path.dirname(target))
            if not directory:
                _write(project, entry, target, bool(mode & 0o111))


def _make_folder(folder, path):
    at = folder
    for part in os.path.relpath(path, folder).split(os.sep):
        at = os.path.join(at, part)
        # Never through a link: it may lead anywhere.
        if os.path.islink(at) or (os.path.lexists(at) and not os.path.isdir(at)):
            os.unlink(at)
        if not os.path.isdir(at):
            os.mkdir(at)


def _write(project, entry, target, executable):
    if os.path.isdir(target) and not os.path.islink(target):
        raise ProjectError("A folder stands where the project has the file %r." % entry.filename)
    if os.path.lexists(target):
        os.unlink(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(target, flags, 0o777 if executable else 0o666)
    with os.fdopen(descriptor, "wb") as file, project.open(entry) as source:
        while True:
            block = source.read(1 << 18)
            if not block:
                return
            file.write(block)
