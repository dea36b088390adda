"""Files of a run's folder, in which a hostile program may write at the same time: no link is ever followed."""
import errno
import hashlib
import os
import stat

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG, errno.EISDIR)
SMALL = 64 * 1024


def segments_of(path):
    """The names of a path that leads nowhere else, or None."""
    if path == "":
        return []
    names = path.split("/")
    if "\0" in path or len(path) > 4096 or any(name in ("", ".", "..") for name in names):
        return None
    return names


def open_folder(root, names, make=False):
    at = os.open(root, FOLDER)
    try:
        for name in names:
            if make:
                try:
                    os.mkdir(name, 0o777, dir_fd=at)
                except FileExistsError:
                    pass
            inner = os.open(name, FOLDER, dir_fd=at)
            os.close(at)
            at = inner
        return at
    except BaseException:
        os.close(at)
        raise


def or_none(work):
    try:
        return work()
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def open_file(root, path):
    """The regular file of that path, open for reading, or None."""
    names = segments_of(path)
    if not names:
        return None

    def opened():
        folder = open_folder(root, names[:-1])
        try:
            file = os.open(names[-1], FILE, dir_fd=folder)
        finally:
            os.close(folder)
        if stat.S_ISREG(os.fstat(file).st_mode):
            return file
        os.close(file)
        return None

    return or_none(opened)


def look_of(found):
    return [found.st_size, "%d-%d-%d" % (found.st_ino, found.st_mtime_ns, found.st_ctime_ns), found.st_mtime_ns // 1000000]


def read_small(root, path):
    file = open_file(root, path)
    if file is None:
        return None
    try:
        if os.fstat(file).st_size > SMALL:
            return None
        return os.read(file, SMALL).decode("utf-8", "replace")
    finally:
        os.close(file)


def is_text(name):
    try:
        name.encode("utf-8")
        return True
    except UnicodeEncodeError:
        return False


def list_folder(root, path, after, limit):
    """One folder: its regular files with their looks and its folders, by name, those behind `after`; `last` where more follow."""
    names = segments_of(path)
    folder = None if names is None else or_none(lambda: open_folder(root, names))
    if folder is None:
        return {"path": path, "absent": True, "files": [], "folders": []}
    try:
        there = sorted(name for name in os.listdir(folder) if is_text(name) and (after is None or name > after))
        files, folders = [], []
        for name in there[:limit]:
            try:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError as error:
                if error.errno in ABSENT:
                    continue
                raise
            if stat.S_ISREG(found.st_mode):
                files.append([name] + look_of(found))
            elif stat.S_ISDIR(found.st_mode):
                folders.append(name)
        listed = {"path": path, "files": files, "folders": folders}
        if len(there) > limit:
            listed["last"] = there[limit - 1]
        return listed
    finally:
        os.close(folder)


def list_folders(root, asked, limit):
    """As many of the asked folders as come to the limit, at least one."""
    answers = []
    for path, after in asked:
        answer = list_folder(root, path, after, max(1, limit))
        limit -= len(answer["files"]) + len(answer["folders"])
        answers.append(answer)
        if "last" in answer or limit <= 0:
            break
    return answers


def read_file(root, path, at, most, prefix):
    """Bytes from `at` on, holes left out. `prefix`: the hash that the first `at` bytes must have, else it begins at 0."""
    file = open_file(root, path)
    if file is None:
        return {"absent": True}, b""
    try:
        found = os.fstat(file)
        size, version, changed = look_of(found)
        reset = at > size or (prefix is not None and at > 0 and hash_of(file, at) != prefix)
        if reset:
            at = 0
        begin = at
        if at < size and found.st_blocks * 512 < size:
            try:
                begin = os.lseek(file, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno not in (errno.ENXIO, errno.EINVAL):
                    raise
                begin = size if error.errno == errno.ENXIO else at
        data = os.pread(file, min(most, max(0, size - begin)), begin)
        header = {"size": size, "version": version, "changed": changed, "from": min(begin, size)}
        if reset:
            header["reset"] = True
        return header, data
    finally:
        os.close(file)


def hash_of(file, length):
    digest = hashlib.sha256()
    at = 0
    while at < length:
        data = os.pread(file, min(1024 * 1024, length - at), at)
        if not data:
            return ""
        digest.update(data)
        at += len(data)
    return digest.hexdigest()


def remove_tree(path):
    """Whatever lies there: read-only folders, names that are no text, any depth. Links are removed, not followed."""
    path = os.fsencode(path)
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
    except FileNotFoundError:
        return
    top = open_writable(path, None)
    try:
        serial = 0
        while True:
            names = os.listdir(top)
            if not names:
                break
            for name in names:
                serial = remove_entry(top, name, serial)
    finally:
        os.close(top)
    os.rmdir(path)


def remove_entry(top, name, serial):
    """A folder in a folder is moved up to the top first: so nothing is ever deep, and two folders are open."""
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=top)
            return serial
        folder = open_writable(name, top)
    except FileNotFoundError:
        return serial
    try:
        for inner in os.listdir(folder):
            if not stat.S_ISDIR(os.stat(inner, dir_fd=folder, follow_symlinks=False).st_mode):
                os.unlink(inner, dir_fd=folder)
                continue
            os.close(open_writable(inner, folder))
            while True:
                serial += 1
                try:
                    os.rename(inner, ".moved-%d-%d" % (os.getpid(), serial), src_dir_fd=folder, dst_dir_fd=top)
                    break
                except OSError as error:
                    if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                        raise
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)
    return serial


def open_writable(name, at):
    try:
        folder = os.open(name, FOLDER, dir_fd=at)
    except PermissionError:
        # Only of what is a folder now, in a tree whose processes have ended.
        if not stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
            raise
        os.chmod(name, 0o700, dir_fd=at)
        folder = os.open(name, FOLDER, dir_fd=at)
    mode = os.fstat(folder).st_mode
    if mode & 0o700 != 0o700:
        os.fchmod(folder, (mode & 0o777) | 0o700)
    return folder


def write_whole(path, text):
    fresh = path + ".new-%d" % os.getpid()
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(fresh, path)
