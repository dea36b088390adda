"""Environments that this machine keeps for the next run: one process at a time makes or removes one, and none goes that a run uses or
that one has used of late. Where there are no locks, as on Windows, all stay."""
import errno
import os
import re
import shutil
import time

try:
    import fcntl
except ImportError:
    fcntl = None

READY = "malachite-ready"
UNUSED_AFTER = 30 * 24 * 3600
NAMES = re.compile(r"^[0-9a-f]{32}(\.gone)?\Z")
# What a run inherits lies above the numbers that shells give to files of their own.
FIRST_NUMBER = 100


class Held:
    """The turn to make an environment or to remove it, for the body of a `with`. Waits, asking `stopped` now and then, which may raise."""

    def __init__(self, prefix, stopped):
        self._path = prefix + ".lock"
        self._stopped = stopped
        self._file = None

    def __enter__(self):
        while True:
            self._file = open(self._path, "a")
            if _hold(self._file, self._stopped):
                return self
            # It was removed with its environment while this one waited.
            self._file.close()

    def __exit__(self, *_):
        self._file.close()


def _hold(file, stopped):
    if fcntl is None:
        return True
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _is_there(file)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return True  # A file system without locks.
            stopped()
            time.sleep(0.1)


def _is_there(file):
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    except OSError:
        return False


def use(prefix):
    """To be called by whoever holds it: it is used from now on, until this process and all that inherit the answer have ended."""
    now = time.time()
    os.utime(os.path.join(prefix, READY), (now, now))
    if fcntl is None:
        return None
    with open(prefix + ".use", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return None  # Without locks nothing is removed either.
        return fcntl.fcntl(file, fcntl.F_DUPFD, FIRST_NUMBER)


def prune(cache):
    """Removes what no run has used for long."""
    if fcntl is None:
        return
    for name in os.listdir(cache):
        if not NAMES.match(name):
            continue
        path = os.path.join(cache, name)
        try:
            if not name.endswith(".gone"):
                if not _is_old(path) or not _take(path):
                    continue
                path += ".gone"
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            pass  # Somebody makes, uses or removes it.


def _is_old(prefix):
    ready = os.path.join(prefix, READY)
    used = os.stat(ready if os.path.isfile(ready) else prefix).st_mtime
    return time.time() - used > UNUSED_AFTER


def _take(prefix):
    """Gives it another name, under which it is no environment any more."""
    with open(prefix + ".lock", "a") as lock, open(prefix + ".use", "a") as used:
        for file in (lock, used):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_there(lock) or not _is_old(prefix):
            return False
        os.rename(prefix, prefix + ".gone")
        for file in (used, lock):
            os.unlink(file.name)
        return True
