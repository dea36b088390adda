"""Makes the folder of the run as the start script expects it: folders, logs, projects of more nodes, and where its data is seen."""
import os
import shutil
import stat

from . import parcel
from .folder import Wrong


def arrange(folder, job):
    """May be repeated until the run has begun. Raises Wrong for a project that is in the way of what must be."""
    project = folder.inside("project")
    os.makedirs(project, exist_ok=True)
    for path in job.data["folders"]:
        os.makedirs(_safe(folder.path, path), exist_ok=True)
    for path in job.data["projectFolders"]:
        try:
            os.makedirs(_safe(project, path), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Wrong("The project has a file '%s' where the run needs a folder." % path)
    for path in job.data["logs"]:
        log = _safe(folder.path, path)
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "ab"):
            pass
    for node in job.here:
        if node == 0:
            continue
        _second_project(folder, job, folder.inside("nodes", str(node), "project"))
    _place_data(folder, job)


def _safe(root, path):
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise Wrong("The folder '%s' does not lie in the folder of the run." % path)
    return os.path.join(root, *parts)


def _second_project(folder, job, own):
    """The project of another node: its files, and the folders that all nodes share as links to the first one's."""
    first = folder.inside("project")
    os.makedirs(own, exist_ok=True)
    for _, entry in parcel.entries(folder):
        if "sha256" not in entry or not entry["path"].startswith("project/"):
            continue
        to = os.path.join(own, *entry["path"].split("/")[1:])
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy2(entry["to"], to)
    shared = job.data["projectFolders"]
    for path in shared:
        if any(path.startswith(other + "/") for other in shared):
            continue
        link = _safe(own, path)
        if os.path.islink(link) or os.path.isfile(link):
            os.unlink(link)
        elif os.path.isdir(link):
            shutil.rmtree(link)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.relpath(_safe(first, path), os.path.dirname(link)), link)


def _place_data(folder, job):
    """A link for each piece of data, or one for each file where files come among others. What is there is never written over, but where
    the run's definition says so inside the project."""
    mounts = []
    for number, mount in enumerate(job.data["mounts"]):
        source = folder.inside(".data", str(number))
        if mount.get("is") == "folder":
            os.makedirs(source, exist_ok=True)
        mounts.append(dict(mount, at=job.fill(mount["at"]), source=source))
    for mount in sorted(mounts, key=lambda one: one["at"]):
        at = mount["at"]
        if not os.path.isabs(at):
            for node in job.here:
                root = ["project"] if node == 0 else ["nodes", str(node), "project"]
                _place_inside(folder.path, "/".join(root + [at]), mount, mounts)
        elif at.startswith(folder.path + "/"):
            _place_inside(folder.path, at[len(folder.path) + 1 :], mount, mounts)
        else:
            _place_outside(mount)


def _in_the_way(mount, why):
    return Wrong("Data cannot be shown at '%s': %s. Choose another path." % (mount["at"], why))


def _place_outside(mount):
    at = mount["at"]
    try:
        os.makedirs(os.path.dirname(at), exist_ok=True)
        if os.path.islink(at) and not os.path.exists(at):
            os.unlink(at)
        if not (os.path.islink(at) and os.readlink(at) == mount["source"]):
            os.symlink(mount["source"], at)
    except OSError as error:
        raise _in_the_way(mount, error.strerror or str(error))


def _place_inside(root, path, mount, mounts):
    at = root
    parts = path.split("/")
    for part in parts[:-1]:
        at = os.path.join(at, part)
        if not os.path.lexists(at):
            os.mkdir(at)
        elif not stat.S_ISDIR(os.lstat(at).st_mode):
            raise _in_the_way(mount, "a file or a link is in the way")
    below = [one["at"][len(mount["at"]) + 1 :] for one in mounts if one["at"].startswith(mount["at"] + "/")]
    _place(os.path.join(at, parts[-1]), mount["source"], mount.get("merge"), mount, below)


def _place(at, source, merge, mount, below):
    """`below`: paths in it where other data will lie; then it becomes a folder of links."""
    if os.path.islink(at) and os.readlink(at) == source:
        return
    there = os.path.lexists(at)
    is_folder = os.path.isdir(source)
    if not there and not (below and is_folder):
        os.symlink(source, at)
        return
    if is_folder and (not there or (os.path.isdir(at) and not os.path.islink(at))):
        if merge is None and there and not below:
            raise _in_the_way(mount, "the project has a folder there")
        if not there:
            os.mkdir(at)
        for name in os.listdir(source):
            inner = [path[len(name) + 1 :] for path in below if path.startswith(name + "/")]
            _place(os.path.join(at, name), os.path.join(source, name), merge or "keep", mount, inner)
        return
    if merge == "keep":
        return
    if merge != "replace" or (os.path.isdir(at) and not os.path.islink(at)):
        raise _in_the_way(mount, "the project has something else there")
    os.unlink(at)
    os.symlink(source, at)
