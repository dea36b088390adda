"""Files of projects by their hash, kept between runs: what is here is not sent again. And how they come into a run's folder."""
import hashlib
import os
import shutil
import time

import far_files
from far_wire import Refused

# What was not used for longest goes first beyond this.
LIMIT_BYTES = 10 * 1000 * 1000 * 1000
SWEEP_EVERY = 3600
# A content that was asked for a moment ago is about to be placed.
SPARED = 24 * 3600


class Contents:
    def __init__(self, folder):
        self.folder = folder
        self.swept = 0.0

    def path(self, sha):
        if len(sha) != 64 or any(c not in "0123456789abcdef" for c in sha):
            raise Refused("fault", "%r is no hash" % sha)
        return os.path.join(self.folder, sha[:2], sha)

    def missing(self, hashes):
        lacking = []
        for sha in hashes:
            try:
                os.utime(self.path(sha))
            except FileNotFoundError:
                lacking.append(sha)
        return lacking

    def put(self, sha, sender, at, data):
        path = self.path(sha)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open("%s.part-%s" % (path, sender), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while data:
                written = os.pwrite(file, data, at)
                data = data[written:]
                at += written
        finally:
            os.close(file)

    def commit(self, sha, sender):
        path = self.path(sha)
        part = "%s.part-%s" % (path, sender)
        digest = hashlib.sha256()
        with open(part, "rb") as file:
            for block in iter(lambda: file.read(1024 * 1024), b""):
                digest.update(block)
        if digest.hexdigest() != sha:
            os.unlink(part)
            raise Refused("damaged", "what arrived is not what was sent")
        os.chmod(part, 0o400)
        os.rename(part, path)
        self.sweep()

    def sweep(self):
        """Lets go of what was not used for longest, and of what was never sent whole."""
        now = time.time()
        if now - self.swept < SWEEP_EVERY:
            return
        self.swept = now
        kept = []
        for folder, _, names in os.walk(self.folder):
            for name in names:
                try:
                    found = os.stat(os.path.join(folder, name))
                except FileNotFoundError:
                    continue
                if len(name) != 64 and now - found.st_mtime > SPARED:
                    os.unlink(os.path.join(folder, name))
                elif len(name) == 64:
                    kept.append((found.st_mtime, found.st_size, os.path.join(folder, name)))
        kept.sort()
        total = sum(size for _, size, _ in kept)
        for used, size, path in kept:
            if total <= LIMIT_BYTES or now - used < SPARED:
                break
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
            total -= size

    def place(self, root, entries):
        """Copies, since a run may write into its project. Each entry: path, and its hash or its text, mode, mtime in ms."""
        for entry in entries:
            names = far_files.segments_of(entry["path"])
            if not names:
                raise Refused("fault", "%r is no path of a run" % entry["path"])
            folder = far_files.open_folder(root, names[:-1], True)
            try:
                self.place_file(folder, names[-1], entry)
            finally:
                os.close(folder)

    def write(self, root, entry, data):
        """A piece of a file that is of this run alone; the first makes it."""
        names = far_files.segments_of(entry["path"])
        if not names:
            raise Refused("fault", "%r is no path of a run" % entry["path"])
        folder = far_files.open_folder(root, names[:-1], True)
        try:
            if entry["from"] == 0:
                try:
                    os.unlink(names[-1], dir_fd=folder)
                except FileNotFoundError:
                    pass
            mode = 0o777 if entry.get("executable") else 0o666
            flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if entry["from"] == 0 else 0)
            file = os.open(names[-1], flags, mode, dir_fd=folder)
        finally:
            os.close(folder)
        with os.fdopen(file, "wb", 0) as sink:
            os.lseek(sink.fileno(), entry["from"], os.SEEK_SET)
            view = memoryview(data)
            while view:
                view = view[sink.write(view) :]
            if entry.get("last"):
                os.ftruncate(sink.fileno(), entry["from"] + len(data))
                if "changed" in entry:
                    os.utime(sink.fileno(), ns=(entry["changed"] * 1000000, entry["changed"] * 1000000))

    def place_file(self, folder, name, entry):
        try:
            os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            pass
        mode = 0o777 if entry.get("executable") else 0o666
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=folder)
        with os.fdopen(file, "wb") as sink:
            if "text" in entry:
                sink.write(entry["text"].encode("utf-8"))
            else:
                try:
                    with open(self.path(entry["sha"]), "rb") as source:
                        shutil.copyfileobj(source, sink, 1024 * 1024)
                except FileNotFoundError:
                    raise Refused("missing", "the content %s was removed meanwhile" % entry["sha"])
            sink.flush()
            if "changed" in entry:
                os.utime(sink.fileno(), ns=(entry["changed"] * 1000000, entry["changed"] * 1000000))
