"""The files under a folder of the run, and their names on the service. Links are never followed."""
import os
import stat


class Notes:
    """What could not be sent, for one warning at the end. Holds the first few and counts the rest."""

    KEPT = 20

    def __init__(self):
        self._seen = {}
        self.more = 0

    def add(self, name, problem):
        """The same file is told once, with what was found last."""
        if name in self._seen or len(self._seen) < self.KEPT:
            self._seen[name] = problem
        else:
            self.more += 1

    def forget(self, name):
        """It could be sent after all."""
        self._seen.pop(name, None)

    def text(self):
        """All of it in one text; empty when there is nothing to tell."""
        lines = ["%s: %s" % pair for pair in sorted(self._seen.items())]
        if self.more:
            lines.append("and %d more" % self.more)
        return "\n".join(lines)


def inside(folder, relative):
    """The path of `relative` in the run's folder; None when it would leave the folder."""
    parts = [part for part in relative.replace("\\", "/").split("/") if part not in ("", ".")]
    if relative.startswith(("/", "\\")) or os.path.isabs(relative) or not parts:
        return None
    if any(part == ".." or ":" in part or "\0" in part for part in parts):
        return None
    return os.path.join(folder, *parts)


def files_under(folder, relative, notes):
    """Yields (name on the service, path here) of each regular file in order. `relative` may be a file itself."""
    start = inside(folder, relative)
    if start is None:
        notes.add(relative, "only folders inside the run's folder are sent")
        return
    waiting = [start]
    while waiting:
        path = waiting.pop()
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode):
                waiting.extend(os.path.join(path, name) for name in sorted(os.listdir(path), reverse=True))
                continue
        except FileNotFoundError:
            continue
        except OSError as error:
            notes.add(service_name(folder, path), error.strerror or str(error))
            continue
        name = service_name(folder, path)
        if stat.S_ISREG(mode):
            yield name, path
        else:
            notes.add(name, "a link is not followed" if stat.S_ISLNK(mode) else "it is not a regular file")


def service_name(folder, path):
    """The name with forward slashes; bytes that are no UTF-8 are shown as %XX, for an address can hold nothing else."""
    name = os.path.relpath(path, folder)
    raw = os.fsencode(name) if os.sep == "/" else name.replace(os.sep, "/").encode("utf-8", "replace")
    return "".join(
        "%%%02X" % (ord(letter) - 0xDC00) if 0xDC80 <= ord(letter) <= 0xDCFF else letter
        for letter in raw.decode("utf-8", "surrogateescape")
    )
