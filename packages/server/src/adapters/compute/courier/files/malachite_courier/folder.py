"""The run's folder on this machine: small files in it, and who works in it."""
import errno
import json
import os

# What is the courier's own in the run's folder.
OWN = ".courier"


class Busy(Exception):
    """Another courier works in this folder."""


class Wrong(Exception):
    """The run cannot begin, whatever is tried: it becomes its exit record. `stage`: what was being done."""

    def __init__(self, message, exit_code=125, stage=None):
        Exception.__init__(self, message)
        self.exit_code = exit_code
        self.stage = stage


class Folder:
    """Absolute; made if it is not there."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        os.makedirs(self.inside(OWN), mode=0o700, exist_ok=True)

    def inside(self, *parts):
        return os.path.join(self.path, *parts)

    def has(self, *parts):
        return os.path.lexists(self.inside(*parts))

    def read_json(self, *parts):
        """The object in the file; None where there is none, or half of one."""
        try:
            with open(self.inside(*parts), encoding="utf-8") as file:
                value = json.load(file)
            return value if isinstance(value, dict) else None
        except (OSError, ValueError):
            return None

    def write(self, name, text, mode=0o644):
        """By rename: readers see the old file or the new one."""
        new = self.inside(OWN, name.replace("/", "-") + ".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.inside(name))

    def tell(self, why):
        """What is done before the script runs, for whoever asks why the run waits."""
        try:
            self.write("stage.json", json.dumps({"why": why}))
        except OSError:
            pass  # It is only told.

    def hold(self):
        """Keeps others out for as long as this process lives. Raises Busy."""
        import fcntl

        descriptor = os.open(self.inside(OWN, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise Busy()
            raise
        return descriptor
