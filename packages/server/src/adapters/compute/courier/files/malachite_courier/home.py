"""Sends the files of the run home: by the byte while they grow, whole where they are written anew, the exit record as the very last."""
import json
import os
import stat
import sys
import threading
import time
import zlib

from .links import Away, Ended, Refused
from .patience import pause

# What is sent at once, and of one file: held in memory until it is answered.
BATCH_BYTES = 4 << 20
BATCH_FILES = 500
# A connection that breaks again and again still brings so much.
SMALLEST_BATCH = 16 << 10
# So many answers in a row say that more would come through.
GOOD_TRIES = 8
# So much of what was sent last is looked at again: whether the file is still the same.
TAIL = 1024
LOOK_SECONDS = 0.1
SCAN_SECONDS = 0.5
# A file of outputs goes home once nothing has written to it for so long; one that is written again and again, ever later.
QUIET_SECONDS = 2.0
MOST_QUIET_SECONDS = 300.0
HOT_SECONDS = 15.0
# As the service takes them.
PATH_BYTES = 4096
DEEPEST = 190
SMALL = ("pids", "stage.json", "group-exit.json")
SMALL_BYTES = 64 * 1024
LAST = "exit.json"
BLOCK = 1 << 20
LOGS = ("user_logs/", "azureml-logs/")


class File:
    """What is at home of one file. `crc` is that of the bytes sent; None where somebody else has sent some of them."""

    def __init__(self, path, live):
        self.path = path
        self.live = live
        self.sent = 0
        self.there = False
        self.inode = None
        self.crc = 0
        self.tail = b""
        self.steps = 0
        # What fstat said before the last reading that came to the end.
        self.seen = None
        self.checked = None
        self.refused = False
        self.changed = 0.0
        self.quiet = QUIET_SECONDS

    def anew(self):
        self.sent, self.there, self.crc, self.tail, self.steps, self.seen = 0, False, 0, b"", 0, None


class Piece:
    def __init__(self, file, start, data, anew, facts):
        self.file = file
        self.start = start
        self.data = data
        self.anew = anew
        # Set when the file ends behind this piece.
        self.facts = facts

    def head(self):
        head = {"path": self.file.path, "from": self.start, "bytes": len(self.data)}
        if self.anew:
            head["anew"] = True
        return json.dumps(head).encode("ascii") + b"\n"


def _fitting(pieces, limit):
    """The first of them, up to so many bytes, and the rest; one that is cut goes on in the rest."""
    part, left = [], limit
    for index, piece in enumerate(pieces):
        if len(piece.data) > left:
            if left > 0:
                first = Piece(piece.file, piece.start, piece.data[:left], piece.anew, None)
                second = Piece(piece.file, piece.start + left, piece.data[left:], False, piece.facts)
                return part + [first], [second] + pieces[index + 1 :]
            return part, pieces[index:]
        part.append(piece)
        left -= len(piece.data)
    return part, []


class Home:
    """Carries until `finish` is called, then until all is home. Runs in the thread that calls `carry`."""

    def __init__(self, folder, link, stop_waiting):
        self._folder = folder
        self._link = link
        self._stop_waiting = stop_waiting
        self._files = {}
        self._small = {}
        self._folders = ["azureml-logs"]
        self._finish = threading.Event()
        self._told = set()
        self._next_scan = 0.0
        self._limit = BATCH_BYTES
        self._good = 0
        self._tries = 0
        self._failing = None

    def know(self, job):
        """Which folders come home stands in the parcel."""
        self._folders = list(job.home)
        self._next_scan = 0.0

    def finish(self):
        self._finish.set()

    def carry(self):
        """Raises Ended, Closed when nothing more is wanted, TimeoutError when it is told not to wait any longer."""
        self._ask_home()
        while not self._finish.is_set():
            busy = self._round(False)
            if not busy:
                self._finish.wait(LOOK_SECONDS)
        # What is written down at the end must be all of it.
        while self._round(True):
            pass
        self._send_gone()
        if self._folder.has(LAST):
            try:
                self._send_small(LAST)
            except Ended:
                pass  # An earlier try has ended the run, and only its answer was lost.

    # What there is.

    def _ask_home(self):
        """What an earlier courier has sent."""
        lines = self._patiently(self._listed)
        for line in lines:
            value = json.loads(line)
            path = value.get("path")
            if path is not None and "/" in path:
                file = self._file(path)
                file.sent, file.there, file.crc = value["sizeBytes"], True, None

    def _listed(self):
        while True:
            sink = _Lines()
            self._link.home(sink)
            lines = sink.lines()
            if lines and json.loads(lines[-1]).get("end"):
                return lines
            raise Away("the list of what is at home was cut")

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
                self._send(batch)
                batch, sent = self._logs(last), True
        if batch:
            self._send(batch)
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

    # One file.

    def _piece(self, file, last, room):
        """What comes next of the file, as far as it goes into `room`; None where it is at home as it is now."""
        try:
            descriptor = os.open(
                self._folder.inside(*file.path.split("/")), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError:
            return None
        try:
            return self._next_piece(file, descriptor, last, room)
        except OSError as error:
            say("%s cannot be read: %s" % (file.path, error))
            return None
        finally:
            os.close(descriptor)

    def _next_piece(self, file, descriptor, last, room):
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return None
        now = (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if file.refused or (file.there and file.seen == now and not (last and self._may_hide(file, facts, now))):
            return None
        if not file.live and not last:
            if time.time() - max(facts.st_mtime, facts.st_ctime) < file.quiet:
                return None
        if file.seen is not None and file.seen != now:
            file.changed = time.monotonic()
        if file.there and not self._goes_on(file, descriptor, facts, last):
            if not file.live:
                file.quiet = min(MOST_QUIET_SECONDS, file.quiet * 2)
            file.anew()
        file.inode = facts.st_ino
        if file.there and file.sent == facts.st_size:
            file.seen = now
            if last:
                file.checked = now
            return None
        length = min(facts.st_size - file.sent, room)
        data = os.pread(descriptor, length, file.sent)
        ends = file.sent + len(data) >= facts.st_size
        if len(data) < length:
            # It has just become shorter.
            ends = True
        file.changed = time.monotonic()
        return Piece(file, file.sent, data, not file.there, now if ends else None)

    def _may_hide(self, file, facts, now):
        """Whether what was sent may be others' bytes than those that are there: of a file that was sent in steps, or that changed in the
        same tick of the clock in which it was read."""
        if file.checked == now:
            return False
        return file.steps != 1 or time.time() - max(facts.st_mtime, facts.st_ctime) < 1.0

    def _goes_on(self, file, descriptor, facts, last):
        """Whether what is at home is a beginning of the file as it is now."""
        if file.sent > facts.st_size:
            return False
        if file.inode is not None and file.inode != facts.st_ino:
            return False
        if file.tail and os.pread(descriptor, len(file.tail), file.sent - len(file.tail)) != file.tail:
            return False
        if file.crc is None:
            # Of an earlier courier: logs only grow; of all others nobody knows.
            return file.live
        if file.live and not last:
            return True
        return self._crc(descriptor, file.sent) == file.crc

    def _crc(self, descriptor, length):
        crc, at = 0, 0
        while at < length:
            block = os.pread(descriptor, min(BLOCK, length - at), at)
            if not block:
                return None
            crc = zlib.crc32(block, crc)
            at += len(block)
        return crc

    def _send(self, batch):
        waiting = batch
        while waiting:
            try:
                part, waiting, answers = self._patiently(lambda: self._take(waiting))
            except Refused as refused:
                if len(waiting) > 1:
                    for piece in waiting:
                        self._send([piece])
                    return
                # One odd file is no reason to lose all others.
                say("%s does not go home: %s" % (waiting[0].file.path, refused))
                waiting[0].file.refused = True
                return
            for piece, answer in zip(part, answers):
                self._answered(piece, answer)
            # What comes behind a piece that was not taken as it was is read anew.
            waiting = [piece for piece in waiting if piece.anew or piece.file.sent == piece.start]

    def _take(self, waiting):
        """One try, of as much as the connection has lately been good for."""
        part, rest = _fitting(waiting, self._limit)
        body = b"".join(text for piece in part for text in (piece.head(), piece.data))
        try:
            answers = self._link.take(body)
        except Away:
            self._limit = max(SMALLEST_BATCH, self._limit // 4)
            self._good = 0
            raise
        self._good += 1
        if self._good % GOOD_TRIES == 0:
            self._limit = min(BATCH_BYTES, self._limit * 2)
        return part, rest, answers

    def _answered(self, piece, answer):
        file = piece.file
        size = answer["sizeBytes"]
        if answer["taken"] or piece.start < size <= piece.start + len(piece.data):
            # An earlier try whose answer was lost may have brought a part of it.
            come = piece.data[: size - piece.start] if not piece.anew else piece.data
            file.sent = piece.start + len(come)
            file.there = True
            file.steps += 1
            file.crc = None if file.crc is None else zlib.crc32(come, file.crc)
            file.tail = (file.tail + come[-TAIL:])[-TAIL:]
            if file.sent == piece.start + len(piece.data) and piece.facts is not None:
                file.seen = piece.facts
        elif size < piece.start:
            # What was at home is no more: after a crash of its machine.
            file.sent, file.crc, file.tail, file.seen = size, None, b"", None
        else:
            file.anew()

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

    def _patiently(self, question):
        return patiently(question, self._stop_waiting, self)


def patiently(question, stop_waiting, state):
    """Asks until there is an answer. Raises TimeoutError when somebody does not want to wait any longer."""
    while True:
        try:
            answer = question()
            if state._failing is not None and time.monotonic() - state._failing > 5:
                say("the service answers again.")
            state._tries, state._failing = 0, None
            return answer
        except Away as away:
            state._tries += 1
            if state._failing is None:
                state._failing = time.monotonic()
            if state._tries in (5, 50) or state._tries % 500 == 0:
                say("the service does not answer (%s); trying again." % away)
            until = time.monotonic() + pause(state._tries, away.asked)
            while time.monotonic() < until:
                if stop_waiting():
                    raise TimeoutError(str(away))
                time.sleep(min(0.1, max(0.0, until - time.monotonic())))


class _Lines:
    def __init__(self):
        self._parts = []

    def begin(self):
        self._parts = []

    def write(self, block):
        self._parts.append(bytes(block))

    def lines(self):
        return b"".join(self._parts).decode("utf-8").splitlines()


def say(text):
    try:
        sys.stderr.write("malachite: %s\n" % text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


__all__ = ["Home", "Refused", "patiently", "say"]
