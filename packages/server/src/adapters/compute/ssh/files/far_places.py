"""Who has a place on this machine, and which GPUs with it: counted over the runs of all services that share the folder, under one lock."""
import fcntl
import json
import os
import time

import far_files
import far_processes

# A place that was taken for a run which then was not started is free again so long after the last that was sent for it, in seconds.
TAKEN_FOR = 600


class Places:
    def __init__(self, root):
        self.root = root

    def folder(self, service):
        """What is told of places lies apart from the folders of runs, which do with theirs as they like."""
        return os.path.join(self.root, "places", service)

    def note(self, service, key):
        return os.path.join(self.folder(service), key + ".json")

    def busy(self):
        """How many runs of all services are at work here, or have a place."""
        return len(self.holders())

    def holders(self):
        found = []
        boot = far_processes.boot_id()
        base = os.path.join(self.root, "runs")
        for service in os.listdir(base):
            for key in os.listdir(os.path.join(base, service)):
                if not key.startswith(".") and is_busy(os.path.join(base, service, key), boot):
                    found.append((service, key))
        return found

    def gpus_of(self, service, key):
        """The GPUs that the run was given; None where nobody counts them."""
        try:
            with open(self.note(service, key)) as file:
                gpus = json.load(file).get("gpus")
            return [one for one in gpus if isinstance(one, int)] if isinstance(gpus, list) else None
        except (OSError, ValueError, AttributeError):
            # Of an earlier version, or released in this moment.
            return None

    def reserve(self, service, key, folder, slots, gpus):
        """`gpus`: those of this machine that are the target's, and how many of them the run is to have; None where nobody counts them."""
        with open(os.path.join(self.root, "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            there = os.path.isdir(folder)
            # By now another run may have one that was let go of, and its GPUs.
            if there and (has_begun(folder) or is_fresh(folder)):
                keep(folder)
                return {"there": True, "gpus": self.gpus_of(service, key)}
            holders = self.holders()
            if len(holders) >= slots:
                return {"full": len(holders)}
            given = None
            if gpus is not None:
                taken = set()
                for one in holders:
                    taken.update(self.gpus_of(*one) or [])
                free = [one for one in gpus["ids"] if one not in taken]
                if len(free) < gpus["count"]:
                    return {"without": len(free)}
                given = free[: gpus["count"]]
            # Before the folder: a place without a note would be one without GPUs.
            far_files.write_whole(self.note(service, key), json.dumps({"gpus": given}))
            if there:
                keep(folder)
            else:
                os.mkdir(folder, 0o700)
            return {"made": True, "gpus": given}

    def leave(self, service, key):
        try:
            os.unlink(self.note(service, key))
        except FileNotFoundError:
            pass


def is_busy(folder, boot):
    if os.path.exists(folder + "/exit.json"):
        return False
    starter = read_note(folder, "starter.json")
    if starter is not None:
        return far_processes.is_alive(starter, boot)
    return is_fresh(folder)


def has_begun(folder):
    return any(os.path.lexists(folder + "/" + name) for name in ("claim", "exit.json", "starter.json"))


def is_fresh(folder):
    try:
        return time.time() - os.stat(folder).st_mtime < TAKEN_FOR
    except OSError:
        # Released in this moment.
        return False


def keep(folder):
    """Whoever still sends what his run is made of keeps its place."""
    try:
        os.utime(folder)
    except OSError:
        # Released in this moment.
        pass


def read_note(folder, name):
    """Who a process of the run is, as that was written down there."""
    try:
        found = json.loads(far_files.read_small(folder, name) or "null")
        whole = isinstance(found, dict) and isinstance(found.get("pid"), int) and isinstance(found.get("startTime"), str)
        return found if whole and isinstance(found.get("boot"), str) else None
    except (ValueError, OSError):
        # Half written, or replaced by the run.
        return None
