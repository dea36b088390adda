"""Gets what the run is made of into its folder: only what is not there yet, by the byte, and what many runs share from this machine's
own cache where it has it."""
import json
import os
import shutil

from .cache import Contents, cache_folder, hash_of, size_of
from .folder import OWN, Wrong
from .links import Fault

LISTING = "listing.jsonl"
# In the courier's own folder: files that are not whole yet, by where their contents begin. A name beside the file could be one of the project.
PARTS = "parts"
# One question for so much: large enough that the round trip does not count, small enough that others get their turn.
RANGE = 16 << 20
FAULT_TRIES = 10


def is_here(folder):
    return folder.has(OWN, "unpacked")


def fetch(folder, link, patient):
    """`patient(question)` asks until there is an answer. May be repeated until the run has begun."""
    if is_here(folder):
        return
    _get_listing(folder, link, patient)
    cache = Contents(cache_folder(folder))
    folder.tell("What it is made of is on its way to the machine (%s)." % _size(_total(folder)))
    os.makedirs(folder.inside(OWN, PARTS), exist_ok=True)
    writer = _Writer(folder, cache)
    _get_contents(folder, link, patient, cache, writer)
    if writer.damaged:
        _get_contents(folder, link, patient, cache, writer)
    shutil.rmtree(folder.inside(OWN, PARTS))
    unpack_done(folder)
    cache.prune()


def _get_contents(folder, link, patient, cache, writer):
    total = _total(folder)
    for start, end, entries in _missing(folder, cache, writer):
        taking = _Taking(writer, entries, start)
        while taking.at < end:
            if taking.at % (4 * RANGE) == 0 and taking.at > start:
                folder.tell("%s of %s are on the machine." % (_size(taking.at), _size(total)))
            to = min(end, taking.at + RANGE)
            patient(_once(link, taking, to))
        taking.close()


def _once(link, taking, to):
    """One stretch as a question. A fault of the service that stays at the same byte is told as one: what is there is damaged."""
    faults = {"at": -1, "count": 0}

    def ask():
        try:
            link.content(taking.at, to, taking.sink(to))
        except Fault as fault:
            faults["count"] = faults["count"] + 1 if faults["at"] == taking.at else 1
            faults["at"] = taking.at
            if faults["count"] >= FAULT_TRIES:
                raise Wrong("What the run is made of is not whole on the service: %s" % fault)
            raise

    return ask


def unpack_done(folder):
    with open(folder.inside(OWN, "unpacked"), "w") as file:
        file.flush()
        os.fsync(file.fileno())


def entries(folder):
    """(offset, entry) of each file of the listing."""
    offset = 0
    with open(folder.inside(OWN, LISTING), encoding="utf-8", newline="\n") as file:
        for line in file:
            entry = json.loads(line)
            if entry.get("end"):
                return
            entry["to"] = _place(folder, entry["path"])
            entry["part"] = folder.inside(OWN, PARTS, str(offset))
            yield offset, entry
            offset += entry["bytes"]


def _total(folder):
    with open(folder.inside(OWN, LISTING), "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 200))
        return json.loads(file.read().splitlines()[-1].decode("utf-8"))["bytes"]


def _get_listing(folder, link, patient):
    path = folder.inside(OWN, LISTING)
    if os.path.exists(path):
        return
    part = path + ".part"
    while not _is_whole(part):
        size = size_of(part)
        with open(part, "ab") as file:
            patient(lambda: link.listing(file.tell(), _ToFile(file)))
        if size_of(part) == size:
            raise Wrong("The listing of what the run is made of is not whole on the service.")
    os.replace(part, path)


def _is_whole(part):
    try:
        with open(part, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 200))
            last = file.read().splitlines()[-1:]
    except OSError:
        return False
    return bool(last) and _is_end(last[0])


def _is_end(line):
    try:
        return bool(json.loads(line.decode("utf-8")).get("end"))
    except (ValueError, AttributeError):
        return False


def _missing(folder, cache, writer):
    """Yields (start, end, entries) of each stretch of the contents that is not here yet."""
    stretch, start, end = [], 0, 0
    for offset, entry in entries(folder):
        if entry["bytes"] == 0 or _has(entry) or cache.give(entry):
            if entry["bytes"] == 0:
                _make(entry)
            _finish(entry)
            continue
        have = size_of(entry["part"])
        # An earlier courier was killed before it had put it in its place.
        if have == entry["bytes"] and writer.put(entry):
            continue
        if have >= entry["bytes"]:
            if os.path.lexists(entry["part"]):
                os.unlink(entry["part"])
            have = 0
        entry["resumed"] = have > 0
        begin = offset + have
        if stretch and begin != end:
            yield start, end, stretch
            stretch = []
        if not stretch:
            start = begin
        stretch.append((offset, entry))
        end = offset + entry["bytes"]
        # The listing of a million files is not held, nor is a stretch without end.
        if len(stretch) >= 10000:
            yield start, end, stretch
            stretch = []
    if stretch:
        yield start, end, stretch


def _place(folder, path):
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise Wrong("The parcel names a file outside of the run's folder.")
    return folder.inside(*parts)


def _has(entry):
    return size_of(entry["to"]) == entry["bytes"]


def _make(entry):
    os.makedirs(os.path.dirname(entry["to"]), exist_ok=True)
    with open(entry["to"], "ab"):
        pass


def _finish(entry):
    if entry.get("executable"):
        os.chmod(entry["to"], 0o755)
    if entry.get("changedAt"):
        os.utime(entry["to"], (entry["changedAt"] / 1000.0, entry["changedAt"] / 1000.0))


class _ToFile:
    def __init__(self, file):
        self._file = file

    def begin(self):
        pass

    def write(self, block):
        self._file.write(block)


class _Writer:
    """Turns files that are whole into what they are to be."""

    def __init__(self, folder, cache):
        self._folder = folder
        self._cache = cache
        self._made = None
        # Whether something is to be fetched once more, from its start.
        self.damaged = False

    def open(self, entry):
        return open(entry["part"], "ab")

    def whole(self, entry):
        """All its bytes have come."""
        if self.put(entry):
            return
        if not entry["resumed"]:
            raise Wrong("The file '%s' has not come as the service has it." % entry["path"])
        # What an earlier courier left of it may be damaged, as by a machine that lost its power.
        self.damaged = True

    def put(self, entry):
        """Into its place. False, and what has come is removed, where that is not what it is to be."""
        part = entry["part"]
        if "sha256" in entry and hash_of(part) != entry["sha256"]:
            os.unlink(part)
            return False
        parent = os.path.dirname(entry["to"])
        if parent != self._made:
            os.makedirs(parent, exist_ok=True)
            self._made = parent
        os.replace(part, entry["to"])
        _finish(entry)
        self._cache.keep(entry)
        return True


class _Taking:
    """Bytes of one stretch, one after the other, to the files that they are of. `at`: where it goes on."""

    def __init__(self, writer, entries, start):
        self._writer = writer
        self._entries = iter(entries)
        self._entry = None
        self._left = 0
        self._file = None
        self.at = start
        self._next(start)

    def _next(self, at):
        self._offset, self._entry = next(self._entries, (0, None))
        if self._entry is not None:
            self._left = self._offset + self._entry["bytes"] - at
            self._file = self._writer.open(self._entry)

    def sink(self, to):
        return _Sink(self, to)

    def take(self, block):
        view = memoryview(block)
        while len(view):
            if self._entry is None:
                raise Wrong("More has come of the parcel than its listing says.")
            count = min(self._left, len(view))
            self._file.write(view[:count])
            view = view[count:]
            self._left -= count
            self.at += count
            if self._left == 0:
                self._file.close()
                self._writer.whole(self._entry)
                self._next(self.at)

    def close(self):
        if self._file is not None:
            self._file.close()


class _Sink:
    def __init__(self, taking, to):
        self._taking = taking
        self._left = to - taking.at

    def begin(self):
        pass

    def write(self, block):
        # Something in between may not know ranges, and send more.
        block = block[: self._left]
        self._left -= len(block)
        self._taking.take(block)


def _size(count):
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return "%d %s" % (count, unit) if unit == "bytes" else "%.1f %s" % (count, unit)
        count /= 1000.0
