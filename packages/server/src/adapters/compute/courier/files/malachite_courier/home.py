"""Sends the files of the run home: by the byte while they grow, whole where they are written anew, the exit record as the very last."""
import json
import os
import stat
import threading
import time

from .files import File
from .links import Away, Ended
from .patience import Patience
from .say import say
from .sender import BATCH_BYTES, Sender

# So many files are sent at once.
BATCH_FILES = 500
LOOK_SECONDS = 0.1
SCAN_SECONDS = 0.5
# A file that has changed in so many seconds is looked at without going through all folders.
HOT_SECONDS = 15.0
# As the service takes them.
PATH_BYTES = 4096
DEEPEST = 190
SMALL = ("pids", "stage.json", "place.json", "group-exit.json", "asked")
SMALL_BYTES = 64 * 1024
LAST = "exit.json"
LOGS = ("user_logs/", "azureml-logs/")


class Home:
    """Carries until `finish` is called, then until all is home. Runs in the thread that calls `carry`."""

    def __init__(self, folder, link, stop_waiting):
        self._folder = folder
        self._link = link
        self._patiently = Patience(stop_waiting)
        self._sender = Sender(link, self._patiently)
        self._files = {}
        self._small = {}
        self._folders = ["azureml-logs"]
        self._finish = threading.Event()
        self._told = set()
        self._next_scan = 0.0

    def know(self, job):
        """Which folders come home stands in the parcel."""
        self._folders = list(job.home)
        self._next_scan = 0.0

    def finish(self):
        self._finish.set()

    def carry(self):
        """Raises Ended when nothing more is wanted, TimeoutError when it is told not to wait any longer."""
        self._ask_home()
        while not self._finish.is_set():
            busy = self._round(False)
            if not busy:
                self._finish.wait(LOOK_SECONDS)
        # What is written down at the end must be all of it.
        self._rounds()
        if self._look_for_lost():
            self._rounds()
        self._send_gone()
        if self._folder.has(LAST):
            try:
                self._send_small(LAST)
            except Ended:
                pass  # An earlier try has ended the run, and only its answer was lost.

    # What there is.

    def _ask_home(self):
        """What an earlier courier has sent."""
        for line in self._patiently(self._listed):
            value = json.loads(line)
            path = value.get("path")
            if path is not None and "/" in path:
                self._file(path).has_come(value["sizeBytes"])

    def _look_for_lost(self):
        """Whether something that was sent is at home no more, since the machine of the service has lost its power. It is sent again."""
        home = {}
        for line in self._patiently(self._listed):
            value = json.loads(line)
            home[value.get("path")] = value.get("sizeBytes")
        lost = [file for file in self._files.values() if file.there and home.get(file.path) != file.sent]
        for file in lost:
            file.has_come(home.get(file.path))
        for name in [name for name, data in self._small.items() if home.get(name) != len(data)]:
            del self._small[name]
            lost.append(name)
        return bool(lost)

    def _listed(self):
        sink = _Lines()
        self._link.home(sink)
        lines = sink.lines()
        if lines and json.loads(lines[-1]).get("end"):
            return lines
        raise Away("the list of what is at home was cut")

    def _rounds(self):
        while self._round(True):
            pass

    def _file(self, path):
        file = self._files.get(path)
        if file is None:
            late = path.startswith(("project/outputs/", "data/"))
            file = self._files[path] = File(path, not late)
        return file

    def _round(self, last):
        """Sends what is new, as much as goes at once. False when there is nothing."""
        for name in SMALL:
            self._send_small(name)
        now = time.monotonic()
        if last or now >= self._next_scan:
            due = list(self._scan())
            took = time.monotonic() - now
            self._next_scan = time.monotonic() + max(SCAN_SECONDS, 5 * took)
        else:
            due = [file.path for file in self._files.values() if now - file.changed < HOT_SECONDS]
        sent = False
        batch = self._logs(last)
        for path in due:
            # One piece each, so that no huge file keeps the others waiting.
            if any(piece.file.path == path for piece in batch[:8]):
                continue
            room = BATCH_BYTES - sum(len(piece.data) for piece in batch)
            piece = self._piece(self._file(path), last, room)
            if piece is None:
                continue
            batch.append(piece)
            if len(piece.data) >= room or len(batch) >= BATCH_FILES:
                self._sender.send(batch)
                batch, sent = self._logs(last), True
        if batch:
            self._sender.send(batch)
            sent = True
        return sent

    def _logs(self, last):
        """What people wait for comes first, and in between."""
        found = (self._piece(file, last, BATCH_BYTES // 8) for file in self._log_files())
        return [piece for piece in found if piece is not None]

    def _log_files(self):
        return [file for path, file in self._files.items() if path.startswith(LOGS)][:8]

    def _scan(self):
        for folder in self._folders:
            waiting = [(folder, 0)]
            while waiting:
                path, depth = waiting.pop()
                at = self._folder.inside(*path.split("/"))
                try:
                    facts = os.lstat(at)
                    if stat.S_ISREG(facts.st_mode):
                        if self._is_sendable(path):
                            yield path
                        continue
                    if not stat.S_ISDIR(facts.st_mode) or depth > DEEPEST:
                        continue
                    with os.scandir(at) as found:
                        for entry in found:
                            below = path + "/" + entry.name
                            if entry.is_dir(follow_symlinks=False):
                                waiting.append((below, depth + 1))
                            elif entry.is_file(follow_symlinks=False) and self._is_sendable(below):
                                yield below
                except OSError:
                    continue  # It went away while it was looked at.

    def _is_sendable(self, path):
        try:
            if len(path.encode("utf-8")) < PATH_BYTES:
                return True
        except UnicodeEncodeError:
            pass
        if path not in self._told and len(self._told) < 1000:
            self._told.add(path)
            say("%r does not go home: its name is too long, or no UTF-8." % path)
        return False

    def _piece(self, file, last, room):
        return file.next_piece(self._folder.inside(*file.path.split("/")), last, room)

    # Small files, and those that are gone.

    def _send_small(self, name):
        try:
            with open(self._folder.inside(name), "rb") as file:
                data = file.read(SMALL_BYTES + 1)
        except OSError:
            return
        if self._small.get(name) == data or len(data) > SMALL_BYTES:
            return
        head = json.dumps({"path": name, "from": 0, "bytes": len(data), "anew": True}).encode("ascii")
        self._patiently(lambda: self._link.take(head + b"\n" + data))
        self._small[name] = data

    def _send_gone(self):
        """What the run has removed, or given another name."""
        gone = [
            file.path
            for file in self._files.values()
            if file.there and not os.path.isfile(self._folder.inside(*file.path.split("/")))
        ]
        for at in range(0, len(gone), BATCH_FILES):
            heads = [json.dumps({"path": path, "gone": True}).encode("ascii") for path in gone[at : at + BATCH_FILES]]
            self._patiently(lambda: self._link.take(b"\n".join(heads) + b"\n"))


class _Lines:
    """An answer in memory."""

    def __init__(self):
        self._parts = []

    def begin(self):
        self._parts = []

    def write(self, block):
        self._parts.append(bytes(block))

    def lines(self):
        # Not splitlines: names of files may have what that takes for the end of a line too.
        return [line.decode("utf-8") for line in b"".join(self._parts).split(b"\n") if line]
