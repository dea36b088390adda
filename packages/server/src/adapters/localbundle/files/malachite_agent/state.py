"""What is known on this machine of how far the run is, so that a second start never runs a script twice at once."""
import json
import os


class Busy(Exception):
    """Another agent works on this run now."""


class State:
    """`phase` is new, running, ended (the service may not know all yet) or delivered. Kept by write and rename."""

    def __init__(self, job):
        self._path = os.path.join(job.setup, "state.json")
        self._run_id = job.run_id
        self.phase = "new"
        self.script = None
        self.end = None
        self._lock = _lock(os.path.join(job.setup, "agent.lock"), job.run_id)
        try:
            with open(self._path, encoding="utf-8") as file:
                data = json.load(file)
            # A folder copied from an earlier run brings that run's state along.
            if data["runId"] == job.run_id:
                self.phase, self.script, self.end = data["phase"], data["script"], data["end"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass

    def write(self, phase, script=None, end=None):
        self.phase, self.script, self.end = phase, script, end
        data = {"runId": self._run_id, "phase": phase, "script": script, "end": end}
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._path + ".new", self._path)


def _lock(path, run_id):
    # The system drops this lock when its owner dies, however it dies, so a stale one cannot be.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(descriptor, 100).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise Busy("run %s is already being run from this folder, by process %s." % (run_id, owner))
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
    return descriptor
