"""One file of the run on the service, made equal to a file of this machine piece by piece, no byte lost or doubled."""
import hashlib
import os
import re
import stat

from .patience import pause
from .service import FAULT_TRIES, Away, Refused, Transient
from .transport import LocalFileError, Piece

# Large enough that the round trip does not count, small enough for proxies that limit bodies.
PIECE = 4 << 20
# A piece is taken only if the file ends where the piece begins. `index` says so, but the contract has it as an int32;
# the header is the one that Azure's append blobs know, and holds any size.
POSITION = "x-ms-blob-condition-appendpos"
LARGEST_INDEX = (1 << 31) - 1
# Somebody else writes the same file: no use to go on for ever.
MISMATCHES = 20


class RemoteFile:
    """`size` is what the service is known to hold, None when that must be asked first; `digest` is that of what was
    sent, None when that is not known for certain."""

    def __init__(self, job, service, name, hashed=False):
        self._path = job.content_path()
        self._service = service
        self._hashed = hashed
        self.name = name
        self.size = None
        self.digest = None

    def replace(self, descriptor, size):
        """The service's file becomes the first `size` bytes. Raises Refused, Away, LocalFileError."""
        self._first(descriptor, size)
        self.extend(descriptor, size)

    def extend(self, descriptor, size):
        """The service's file, a beginning of ours, grows to `size` bytes. Raises Refused, Away, LocalFileError."""
        mismatches = tries = faults = 0
        while self.size != size:
            self._must_go_on()
            if self.size is None:
                self.size = self._ask_size()
            if self.size is None or self.size > size:
                self._first(descriptor, size)
                continue
            if self.size == size:
                return
            at, self.size = self.size, None
            end = min(size, at + PIECE)
            piece = Piece(descriptor, at, end, self.digest)
            query = {"path": self.name, "append": "true"}
            if at <= LARGEST_INDEX:
                query["index"] = str(at)
            self.digest = None
            try:
                self._service.once(
                    "POST",
                    self._path,
                    query,
                    piece,
                    {"Content-Type": "application/octet-stream", POSITION: str(at)},
                )
                self.size, self.digest = end, piece.digest
                tries = faults = 0
            except Refused as refused:
                # Where the file ends is not where we thought, as after an answer that was lost: ask, go on from there.
                mismatches += 1
                if refused.status not in (404, 409, 412) or mismatches > MISMATCHES:
                    raise
            except Transient as trouble:
                tries += 1
                faults += 1 if trouble.fault else 0
                if faults >= FAULT_TRIES:
                    raise Refused(500, str(trouble))
                if not self._service.patience.wait(trouble, pause(tries, trouble.asked)):
                    raise Away(str(trouble))

    def verify(self, descriptor, size):
        """Asks the service for the size at the end, when a late piece could still have changed it, and mends it."""
        self.size = None
        self.extend(descriptor, size)

    def _must_go_on(self):
        # A large file takes long also when nothing fails: whoever does not want to wait is heard between two pieces.
        if self._service.patience.abandoned:
            raise Away("it was not waited for")

    def _first(self, descriptor, size):
        self._must_go_on()
        end = min(size, PIECE)
        self.size = self.digest = None
        piece = Piece(descriptor, 0, end, hashlib.sha256() if self._hashed else None)
        self._service.call(
            "POST",
            self._path,
            {"path": self.name, "allowOverwrite": "true"},
            piece,
            {"Content-Type": "application/octet-stream"},
        )
        self.size, self.digest = end, piece.digest

    def _ask_size(self):
        try:
            status, headers, content = self._service.call(
                "GET", self._path, {"path": self.name}, headers={"Range": "bytes=0-0"}
            )
        except Refused as refused:
            if refused.status == 404:
                return None
            if refused.status == 416:
                return 0
            raise
        total = re.search(r"/(\d+)$", headers.get("Content-Range") or "")
        if status == 206 and total:
            return int(total.group(1))
        length = headers.get("Content-Length")
        if status == 200 and length is not None:
            return int(length)
        raise Refused(status, "the service does not tell the size of %s" % self.name)


def open_regular(path):
    """A descriptor of a regular file and what fstat says of it; never waits on a FIFO, never follows a link."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise LocalFileError(error.strerror or str(error))
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise LocalFileError("it is not a regular file")
    return descriptor, facts
