"""Control groups, where this machine lets us make them: they hold also what clears its environment and leaves its session, and they limit.
Version 2 with controllers, version 1 trees for memory and processors beside a version 2 tree (hybrid), or none."""
import os
import subprocess
import time

MOUNT = "/sys/fs/cgroup"
NAME = "malachite-ssh"
# The span of time in which a run may use its share, in microseconds; the kernel's own default.
PERIOD = 100000
# So long the kernel is given to take leave of what was just killed in a group, in seconds.
GONE_WITHIN = 2.0
NO_GROUPS = "the user there may make no control groups, so nothing can be limited (root may)"
state = {"here": None}


class Here:
    """What this machine allows. `memory` and `cpu` are the folders in which a group can be limited; `faults` says why not."""

    def __init__(self, kill, memory, cpu, version, faults):
        # The first one tells the members; whoever has it is found.
        self.parents = [one for one in (kill, memory if version == 1 else None) if one]
        self.memory = memory
        self.cpu = cpu
        self.version = version
        self.faults = faults


def here():
    """Tried once, for real."""
    if state["here"] is None:
        state["here"] = version2() or version1()
    return state["here"]


def version2():
    if not read(MOUNT + "/cgroup.controllers").strip():
        return None
    folder = usable(MOUNT)
    if folder is None:
        return Here(None, None, None, 2, {"memory": NO_GROUPS, "cpu": NO_GROUPS})
    faults = {}
    for name in ("memory", "cpu"):
        if not (hands_down(MOUNT, name) and hands_down(folder, name)):
            faults[name] = "the control group %s there hands no %s controller down" % (MOUNT, name)
    return Here(folder, None if "memory" in faults else folder, None if "cpu" in faults else folder, 2, faults)


def version1():
    kill = usable(MOUNT + "/unified")
    memory = usable(MOUNT + "/memory")
    cpu = usable(MOUNT + "/cpu")
    faults = {}
    for name, folder in (("memory", memory), ("cpu", cpu)):
        if folder is None:
            faults[name] = NO_GROUPS if kill is None else "the user there may not write the %s control group" % name
    return Here(kill, memory, cpu, 1, faults)


def usable(root):
    """The folder in it that takes a group for each run, or None."""
    if not os.path.exists(root + "/cgroup.procs") or not os.access(root, os.W_OK):
        return None
    folder = root + "/" + NAME
    probe = folder + "/.probe-%d" % os.getpid()
    try:
        os.makedirs(probe, exist_ok=True)
        joins = ["sh", "-c", 'printf 0 >"$1/cgroup.procs"', "sh", probe]
        ok = subprocess.call(joins, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
        remove([probe])
        return folder if ok else None
    except OSError:
        # Not ours to use: processes are found by what they bear.
        return None


def hands_down(place, controller):
    control = place + "/cgroup.subtree_control"
    if controller in read(control).split():
        return True
    try:
        write(control, "+" + controller)
        return True
    except OSError:
        # It holds processes, or there is no such controller.
        return False


def make(name, limits):
    """The groups of a run, the limits set. Raises OSError for a limit that cannot be set; without limits it answers what there is."""
    found = here()
    memory, cpus = limits.get("memoryMiB"), limits.get("cpus")
    for what, amount in (("memory", memory), ("cpu", cpus)):
        if amount is not None and what in found.faults:
            raise OSError(found.faults[what])
    parents = found.parents + ([found.cpu] if cpus is not None and found.version == 1 else [])
    made = []
    try:
        for parent in parents:
            os.makedirs(parent + "/" + name, exist_ok=True)
            made.append(parent + "/" + name)
        if memory is not None:
            limit_memory(found.memory + "/" + name, memory * 1024 * 1024, found.version)
        if cpus is not None:
            limit_cpus(found.cpu + "/" + name, cpus, found.version)
    except OSError:
        if memory is not None or cpus is not None:
            remove(made)
            raise
        # The tree is full or was taken away: the run is found by what its processes bear.
    return made


def limit_memory(group, size, version):
    write(group + ("/memory.max" if version == 2 else "/memory.limit_in_bytes"), str(size))
    try:
        # Else a limit on memory would only move the run into swap, where that is counted.
        if version == 2:
            write(group + "/memory.swap.max", "0")
        else:
            write(group + "/memory.memsw.limit_in_bytes", str(size))
    except OSError:
        pass


def limit_cpus(group, cpus, version):
    quota = max(1000, int(round(cpus * PERIOD)))
    if version == 2:
        write(group + "/cpu.max", "%d %d" % (quota, PERIOD))
        return
    write(group + "/cpu.cfs_period_us", str(PERIOD))
    write(group + "/cpu.cfs_quota_us", str(quota))


def members(groups):
    found = set()
    for group in groups:
        for folder, _, _ in os.walk(group):
            try:
                found.update(int(line) for line in read(folder + "/cgroup.procs").split())
            except ValueError:
                continue
    return found


def kill(groups):
    """Whether the kernel took it in one stroke."""
    for group in groups:
        try:
            write(group + "/cgroup.kill", "1")
            return True
        except OSError:
            # Version 1, or a kernel before 5.14: its members are signalled one by one.
            continue
    return False


def remove(groups):
    """Whether they are gone, with those that the run made below."""
    deadline = time.monotonic() + GONE_WITHIN
    while True:
        left = False
        for group in groups:
            for folder, _, _ in os.walk(group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    # A zombie that nobody has reaped yet.
                    left = left or os.path.isdir(folder)
        if not left or time.monotonic() > deadline:
            return not left
        time.sleep(0.003)


def checked(groups):
    """Groups that somebody else has written down: those that can be of ours. One alone was written as a text once."""
    given = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return [one for one in given if isinstance(one, str) and one.startswith(MOUNT + "/") and ".." not in one]


def read(path):
    """Empty for what is not there."""
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def write(path, text):
    # Never made: a tree that is not mounted must not become a plain file. Never read: some files can only be written.
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, text.encode("ascii"))
    finally:
        os.close(file)
