"""Control groups of version 2, where this machine lets us make them: they hold also what clears its environment and leaves its session."""
import os
import subprocess

ROOTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
state = {"base": None, "looked": False}


def base():
    """The folder that takes a group for each run, or None. Tried once, for real."""
    if not state["looked"]:
        state["looked"] = True
        state["base"] = find_base()
    return state["base"]


def find_base():
    for root in ROOTS:
        if not os.path.exists(root + "/cgroup.procs") or not os.access(root, os.W_OK):
            continue
        folder = root + "/malachite-ssh"
        probe = folder + "/.probe-%d" % os.getpid()
        try:
            os.makedirs(probe, exist_ok=True)
            joins = ["sh", "-c", 'printf 0 >"$1/cgroup.procs"', "sh", probe]
            ok = subprocess.call(joins, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
            ok = ok and os.path.exists(probe + "/cgroup.kill")
            remove(probe)
            if ok:
                return folder
        except OSError:
            # Not ours to use: processes are found by what they bear.
            continue
    return None


def make(name):
    folder = base()
    if folder is None:
        return ""
    try:
        os.makedirs(folder + "/" + name, exist_ok=True)
        return folder + "/" + name
    except OSError:
        # The tree is full or was taken away: the run is found by what its processes bear.
        return ""


def members(group):
    found = set()
    if group:
        for folder, _, _ in os.walk(group):
            try:
                with open(folder + "/cgroup.procs") as file:
                    found.update(int(line) for line in file)
            except (OSError, ValueError):
                # Gone in between.
                continue
    return found


def kill(group):
    """Whether the kernel took it in one stroke."""
    if not group:
        return False
    try:
        with open(group + "/cgroup.kill", "w") as file:
            file.write("1")
        return True
    except OSError:
        return False


def remove(group):
    if not group:
        return
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            # A zombie that nobody has reaped yet: an empty group costs nothing, the next release takes it.
            pass
