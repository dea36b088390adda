"""Sends the files of the watched folders while the script runs, and once more, exactly, when it has ended."""
import hashlib
import os
import threading
import time

from .console import say
from .folders import files_under
from .remote_file import RemoteFile, open_regular
from .service import Away, Refused
from .transport import LocalFileError, read_at

SCAN_SECONDS = 2.0
# How much before the seam is compared to tell a file that grew from one that was written anew.
SEAM = 4096
BLOCK = 1 << 18


class Watched:
    """One file: how it looked when it was sent, and the last bytes that were."""

    def __init__(self, remote):
        self.remote = remote
        self.facts = None
        self.seam = b""
        self.due = 0.0


class Watcher:
    """Begins with `start`, and `finish` ends it; in between a thread of its own scans the folders."""

    def __init__(self, job, service, notes, folders, except_names):
        self._job, self._service, self._notes = job, service, notes
        self._folders = folders
        self._except = except_names
        self._files = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self):
        self._thread.start()

    def finish(self):
        """Sends what is missing and compares all of it. Raises Away."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._scan(last=True)

    def _watch(self):
        while not self._ended.wait(SCAN_SECONDS):
            try:
                self._scan(last=False)
            except Away:
                return
            except Exception as error:
                # The last scan tells what stays; a fault here must not end the live sending for good.
                say("a watched folder could not be sent: %r" % error)

    def _scan(self, last):
        for folder in self._folders:
            for name, path in files_under(self._job.folder, folder, self._notes):
                if self._ended.is_set() and not last:
                    return
                if name in self._except:
                    continue
                try:
                    self._send(name, path, last)
                    self._notes.forget(name)
                except (Refused, LocalFileError) as error:
                    self._notes.add(name, str(error))

    def _send(self, name, path, last):
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = Watched(RemoteFile(self._job, self._service, name, hashed=True))
        if not last and time.monotonic() < file.due:
            return
        descriptor, facts = open_regular(path)
        try:
            now = (facts.st_ino, facts.st_size, facts.st_mtime)
            if now == file.facts and not last:
                return
            began = time.monotonic()
            self._bring(file, descriptor, facts, last)
            file.facts = now
            # A large file that always changes is sent a tenth of the time at most.
            file.due = time.monotonic() + 9 * (time.monotonic() - began)
        finally:
            os.close(descriptor)

    def _bring(self, file, descriptor, facts, last):
        size = facts.st_size
        sent = file.remote.size
        grown = file.facts is not None and sent is not None and file.facts[0] == facts.st_ino and size >= sent
        if grown and last:
            known = file.remote.digest
            grown = known is not None and _digest(descriptor, sent) == known.digest()
        elif grown and file.seam:
            grown = read_at(descriptor, sent - len(file.seam), len(file.seam)) == file.seam
        if grown and last and size == sent:
            return
        # Until it is done nothing is known of the service's file, so a break in the middle begins anew.
        file.facts = None
        if grown and size > sent:
            file.remote.extend(descriptor, size)
        else:
            file.remote.replace(descriptor, size)
        file.seam = read_at(descriptor, max(0, size - SEAM), min(SEAM, size))


def _digest(descriptor, size):
    digest = hashlib.sha256()
    at = 0
    while at < size:
        block = read_at(descriptor, at, min(BLOCK, size - at))
        if not block:
            raise LocalFileError("it became shorter while it was read")
        digest.update(block)
        at += len(block)
    return digest.digest()
