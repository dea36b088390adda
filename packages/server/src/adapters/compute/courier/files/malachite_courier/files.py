"""What of one file is at home, and what comes next of it: by the byte while it grows, anew where it has become another."""
import json
import os
import stat
import time
import zlib

from .say import say

# So much of what was sent last is looked at again: whether the file is still the same.
TAIL = 1024
# A file of outputs goes home once nothing has written to it for so long; one that is written again and again, ever later.
QUIET_SECONDS = 2.0
MOST_QUIET_SECONDS = 300.0
BLOCK = 1 << 20


class File:
    """`live`: it is sent while it grows. `crc`: of the bytes that were sent; None where somebody else has sent some of them."""

    def __init__(self, path, live):
        self.path = path
        self.live = live
        self.sent = 0
        self.there = False
        self.refused = False
        self.changed = 0.0
        self._inode = None
        self._crc = 0
        self._tail = b""
        self._steps = 0
        # What fstat said before the last reading that came to the end.
        self._seen = None
        self._checked = None
        self._quiet = QUIET_SECONDS

    def has_come(self, size):
        """So much of it is at home, sent by an earlier courier or left of what this one has sent; None: it is not there."""
        self._anew()
        if size is not None:
            self.sent, self.there, self._crc = size, True, None

    def _anew(self):
        self.sent, self.there, self._crc, self._tail, self._steps, self._seen = 0, False, 0, b"", 0, None

    def next_piece(self, at, last, room):
        """What comes next of the file, which lies there, as far as it goes into `room`; None where it is at home as it is now."""
        try:
            descriptor = os.open(at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return self._next_piece(descriptor, last, room)
        except OSError as error:
            say("%s cannot be read: %s" % (self.path, error))
            return None
        finally:
            os.close(descriptor)

    def _next_piece(self, descriptor, last, room):
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return None
        now = (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if self.refused or (self.there and self._seen == now and not (last and self._may_hide(facts, now))):
            return None
        if not self.live and not last:
            if time.time() - max(facts.st_mtime, facts.st_ctime) < self._quiet:
                return None
        if self._seen is not None and self._seen != now:
            self.changed = time.monotonic()
        if self.there and not self._goes_on(descriptor, facts, last):
            if not self.live:
                self._quiet = min(MOST_QUIET_SECONDS, self._quiet * 2)
            self._anew()
        self._inode = facts.st_ino
        if self.there and self.sent == facts.st_size:
            self._seen = now
            if last:
                self._checked = now
            return None
        length = min(facts.st_size - self.sent, room)
        data = os.pread(descriptor, length, self.sent)
        ends = self.sent + len(data) >= facts.st_size
        if len(data) < length:
            # It has just become shorter.
            ends = True
        self.changed = time.monotonic()
        return Piece(self, self.sent, data, not self.there, now if ends else None)

    def _may_hide(self, facts, now):
        """Whether what was sent may be others' bytes than those that are there: of a file that was sent in steps, or that changed in the
        same tick of the clock in which it was read."""
        if self._checked == now:
            return False
        return self._steps != 1 or time.time() - max(facts.st_mtime, facts.st_ctime) < 1.0

    def _goes_on(self, descriptor, facts, last):
        """Whether what is at home is a beginning of the file as it is now."""
        if self.sent > facts.st_size:
            return False
        if self._inode is not None and self._inode != facts.st_ino:
            return False
        if self._tail and os.pread(descriptor, len(self._tail), self.sent - len(self._tail)) != self._tail:
            return False
        if self._crc is None:
            # Of an earlier courier: logs only grow; of all others nobody knows.
            return self.live
        if self.live and not last:
            return True
        return _crc_of(descriptor, self.sent) == self._crc

    def answered(self, piece, answer):
        """What the service says of a piece that was sent."""
        size = answer["sizeBytes"]
        if answer["taken"] or piece.start < size <= piece.start + len(piece.data):
            # An earlier try whose answer was lost may have brought a part of it.
            come = piece.data[: size - piece.start] if not piece.anew else piece.data
            self.sent = piece.start + len(come)
            self.there = True
            self._steps += 1
            self._crc = None if self._crc is None else zlib.crc32(come, self._crc)
            self._tail = (self._tail + come[-TAIL:])[-TAIL:]
            if self.sent == piece.start + len(piece.data) and piece.facts is not None:
                self._seen = piece.facts
        elif size < piece.start:
            # What was at home is no more: after a crash of its machine.
            self.sent, self._crc, self._tail, self._seen = size, None, b"", None
        else:
            self._anew()


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

    def cut(self, at):
        """As two, the first of so many bytes."""
        first = Piece(self.file, self.start, self.data[:at], self.anew, None)
        return first, Piece(self.file, self.start + at, self.data[at:], False, self.facts)


def _crc_of(descriptor, length):
    crc, at = 0, 0
    while at < length:
        block = os.pread(descriptor, min(BLOCK, length - at), at)
        if not block:
            return None
        crc = zlib.crc32(block, crc)
        at += len(block)
    return crc
