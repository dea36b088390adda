"""What this machine keeps for the next run: where, and the contents that many runs share, by their hash."""
import hashlib
import os
import random
import shutil

from .folder import OWN

# Smaller contents come faster with the others than from a file of their own.
CACHED_FROM = 16 << 10
CACHE_BYTES = int(os.environ.get("MALACHITE_CACHE_BYTES") or 4 << 30)
BLOCK = 1 << 18


def cache_folder(folder):
    """Where this machine keeps what many runs use; in the run's own folder where there is no other place to write."""
    home = os.environ.get("MALACHITE_CACHE")
    if not home:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        home = os.path.join(home, "malachite")
    try:
        os.makedirs(home, exist_ok=True)
        if os.access(home, os.W_OK | os.X_OK):
            return home
    except OSError:
        pass
    home = folder.inside(OWN, "cache")
    os.makedirs(home, exist_ok=True)
    return home


class Contents:
    """Contents by their hash, on this machine, for the next run of the same project."""

    def __init__(self, home):
        self._home = os.path.join(home, "contents")

    def _path(self, entry):
        name = entry.get("sha256")
        if name is None or entry["bytes"] < CACHED_FROM:
            return None
        return os.path.join(self._home, name[:2], name)

    def give(self, entry):
        """Puts the content in its place; False where it is not here."""
        path = self._path(entry)
        if path is None or not _has(path, entry):
            return False
        try:
            os.makedirs(os.path.dirname(entry["to"]), exist_ok=True)
            part = entry["part"]
            shutil.copyfile(path, part)
            if hash_of(part) != entry["sha256"]:
                os.unlink(part)
                os.unlink(path)
                return False
            os.replace(part, entry["to"])
            os.utime(path)
            return True
        except OSError:
            return False

    def keep(self, entry):
        path = self._path(entry)
        if path is None or _has(path, entry):
            return
        new = "%s.%d" % (path, os.getpid())
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copyfile(entry["to"], new)
            os.replace(new, path)
        except OSError:
            pass  # It only saves time.

    def prune(self):
        """Now and then: the contents that were not used for longest go, until the rest is no more than it may be."""
        if random.random() > 0.1:
            return
        found = []
        for parent, _, names in os.walk(self._home):
            for name in names:
                try:
                    facts = os.stat(os.path.join(parent, name))
                    found.append((facts.st_mtime, facts.st_size, os.path.join(parent, name)))
                except OSError:
                    pass
        left = sum(size for _, size, _ in found) - CACHE_BYTES
        for _, size, path in sorted(found):
            if left <= 0:
                return
            try:
                os.unlink(path)
                left -= size
            except OSError:
                pass


def _has(path, entry):
    return size_of(path) == entry["bytes"]


def size_of(path):
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def hash_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()
