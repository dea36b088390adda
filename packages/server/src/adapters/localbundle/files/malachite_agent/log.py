"""The run's log: one file that the script itself writes, shown on the console and sent to the service as it grows."""
import os
import shutil
import threading
import time

from .console import say
from .remote_file import RemoteFile, open_regular
from .service import Away, Refused
from .transport import LocalFileError, read_at

# The two names that a log goes by: that of every run of the service, and that of local runs of v1. Which of them the service
# knows it by is said in the job; on this machine the same file is found under both.
NAMES = ("user_logs/std_log.txt", "azureml-logs/70_driver_log.txt")
LOOK_SECONDS = 0.1
SEND_SECONDS = 0.5
# A console that takes nothing (stopped, or a pipe that nobody reads) must not keep the run from ending.
CONSOLE_PATIENCE_SECONDS = 5.0


class Log:
    """Begins with `start`, and `finish` ends it."""

    def __init__(self, job, service, resumed):
        self._service = service
        self.path = job.inside(job.log)
        self._other_path = job.inside(next(name for name in NAMES if name != job.log))
        self._remote = RemoteFile(job, service, job.log)
        self._resumed = resumed
        self._ended = threading.Event()
        self._refused = None
        for path in (self.path, self._other_path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if not resumed and os.path.lexists(path):
                os.unlink(path)
        # Appending, so that what the script and its children write never lies over each other.
        self.writing = open(self.path, "ab", buffering=0)
        self._linked = self._link()
        self._descriptor, _ = open_regular(self.path)
        self._echoed = os.fstat(self._descriptor).st_size
        self._echo_thread = threading.Thread(target=self._echo, daemon=True)
        self._send_thread = threading.Thread(target=self._send_on, daemon=True)

    def start(self):
        self._echo_thread.start()
        self._send_thread.start()

    def finish(self):
        """Shows and sends the rest. Raises Away, or Refused when the service does not take the log."""
        self._ended.set()
        if self._echo_thread.is_alive():
            self._echo_thread.join(CONSOLE_PATIENCE_SECONDS)
        if not self._linked:
            shutil.copyfile(self.path, self._other_path)
        if self._send_thread.is_alive():
            self._send_thread.join()
        if self._refused is not None:
            raise self._refused
        self._send()
        self._remote.verify(self._descriptor, self.size())

    def size(self):
        return os.fstat(self._descriptor).st_size

    def tail(self, length):
        """The last bytes of the log as text."""
        size = self.size()
        start = max(0, size - length)
        return read_at(self._descriptor, start, size - start).decode("utf-8", "replace")

    def _link(self):
        try:
            if os.path.lexists(self._other_path):
                os.unlink(self._other_path)
            os.link(self.path, self._other_path)
            return True
        except (OSError, NotImplementedError):
            return False  # No hard links on this file system: a copy is made at the end.

    def _echo(self):
        while True:
            last = self._ended.is_set()
            try:
                while self._echoed < self.size():
                    block = read_at(self._descriptor, self._echoed, 1 << 16)
                    self._echoed += _write(block)
            except (OSError, LocalFileError):
                return  # The console is gone; the log is kept and sent all the same.
            if last:
                return
            self._ended.wait(LOOK_SECONDS)

    def _send_on(self):
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                self._send()
            except Away:
                return
            except (Refused, LocalFileError) as error:
                self._refused = error
                say("the log cannot be sent: %s" % error)
                return
            self._ended.wait(max(SEND_SECONDS, 2 * (time.monotonic() - began)))

    def _send(self):
        size = self.size()
        if self._remote.size is None and not self._resumed:
            self._remote.replace(self._descriptor, size)
            self._resumed = True
        self._remote.extend(self._descriptor, size)


def _write(block):
    try:
        return os.write(1, block)
    except BlockingIOError:
        time.sleep(LOOK_SECONDS)
        return 0
