"""The batch script of a run whose node shares no folder with the service: it becomes the courier, on a disk of the node.

slurm_courier --service URL --key KEY --grace SECONDS [--folder F] [--bin FOLDER] [--nodes N]

With --nodes it starts itself on the other nodes of the job, by srun: there with --node and --address instead.

PROGRAM is courier.pyz, in base64, and address_of a function; what writes the batch script puts them before this text. Nothing of a user is in it: that is asked for
with the run's token. It ends as the command of the run did, for Slurm's own books.
"""
import argparse
import base64
import json
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zlib

if sys.version_info < (3, 6):
    sys.exit("malachite: runs on this node need python 3.6 or later; this is %d.%d." % sys.version_info[:2])

# Which GPUs the job has is Slurm's to say, whatever the plan says.
GPUS = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK")
# A folder whose courier is gone, and that has been left alone for so long, is cleared away.
LEFT_SECONDS = 60.0
# How this start ends where it did nothing.
NOT_WANTED = 75
NO_END = 1


class Orders:
    """What signals ask for. `asked`: the run is to end. The service sends USR1 and USR2 to the batch script, or URG and WINCH to all
    processes of the job, again and again; TERM comes from Slurm itself: over time, preempted, canceled there."""

    def __init__(self, grace):
        self.asked = False
        # What is to come home comes home; Slurm ends the job where that takes too long.
        self.hurry = False
        self.folder = None
        self._grace = grace
        self._left = float("inf")
        for numbers, on in (
            ((signal.SIGUSR1, signal.SIGURG), self._ask),
            ((signal.SIGUSR2, signal.SIGWINCH), self._force),
            ((signal.SIGTERM,), self._told),
        ):
            for number in numbers:
                signal.signal(number, on)
        # Caught, and not ignored: that would hold for the run as well.
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def _ask(self, *_):
        self.asked = True

    def _force(self, *_):
        self.asked, self._left = True, 0.0

    def _told(self, *_):
        self.asked, self._left = True, min(self._left, self._grace)
        if self.folder is not None:
            try:
                self.folder.write("asked", "")
            except OSError:
                pass  # Then only Slurm tells it.

    def grace(self):
        return self._left


def main(arguments):
    parser = argparse.ArgumentParser(prog="slurm_courier")
    parser.add_argument("--service", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--folder")
    parser.add_argument("--bin", default="")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--node", type=int, default=0)
    parser.add_argument("--address")
    asked = parser.parse_args(arguments)
    orders = Orders(asked.grace)
    user = pwd.getpwuid(os.getuid())
    for name, value in (("HOME", user.pw_dir), ("USER", user.pw_name), ("LOGNAME", user.pw_name)):
        os.environ.setdefault(name, value)
    if asked.bin:
        os.environ["PATH"] = asked.bin + os.pathsep + os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    start = "%s.%s" % (os.environ.get("SLURM_JOB_ID", "0"), os.environ.get("SLURM_RESTART_COUNT", "0"))
    fault = None
    try:
        runs = runs_folder(asked.folder)
        place = os.path.join(runs, "%s.%s%s" % (asked.key, start, ".%d" % asked.node if asked.node else ""))
        os.makedirs(os.path.join(place, ".courier"), 0o700)
    except OSError as error:
        fault = "Its folder cannot be made on %s: %s." % (socket.gethostname(), error)
        runs = None
        place = tempfile.mkdtemp(prefix="malachite-")
        os.makedirs(os.path.join(place, ".courier"), 0o700)
    try:
        return work(asked, orders, place, start, fault)
    finally:
        remove(place)
        if runs is not None:
            sweep(runs)


def runs_folder(asked):
    """Where runs on this node have their folders. What is shared by all users of the node is trusted only where it is ours."""
    if asked:
        os.environ.setdefault("MALACHITE_CACHE", os.path.join(asked, "cache"))
        root = asked
        os.makedirs(root, 0o700, exist_ok=True)
    else:
        root = os.path.join(os.environ.get("TMPDIR") or "/tmp", "malachite-%d" % os.getuid())
        try:
            os.mkdir(root, 0o700)
        except FileExistsError:
            facts = os.lstat(root)
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
                raise OSError("%s belongs to somebody else; name one in the option folder of the target" % root)
    # The same disk may be seen by several nodes.
    runs = os.path.join(root, "runs", socket.gethostname())
    os.makedirs(runs, 0o700, exist_ok=True)
    return runs


def work(asked, orders, place, start, fault):
    program = os.path.join(place, ".courier", "courier.pyz")
    with open(program, "wb") as file:
        file.write(zlib.decompress(base64.b64decode(PROGRAM)))  # noqa: F821
    sys.path.insert(0, program)
    # All of it is read now: the run may remove its folder.
    from malachite_courier import run
    from malachite_courier.cli import link_of, take_secrets
    from malachite_courier.courier import Courier
    from malachite_courier.folder import Folder, Wrong
    from malachite_courier.links import Ended, Refused
    from malachite_courier.meeting import Meeting
    from malachite_courier.patience import Patience
    from malachite_courier.say import say

    began = time.time()
    # As it came from the service: other nodes are given the same.
    given_here = dict(os.environ)
    script = os.environ.pop("MALACHITE_SCRIPT", "")
    folder = orders.folder = Folder(place)
    held = folder.hold()
    secrets = take_secrets(folder)
    # What is written down for the libraries of python goes with the folder.
    tempfile.tempdir = os.path.join(place, ".courier")
    link = link_of(asked.service, folder, secrets, asked.node)
    os.environ.pop("MALACHITE_CA", None)
    others = None
    try:
        if asked.node == 0 and not claim(link, Patience(lambda: orders.asked), start):
            return NOT_WANTED
        if asked.nodes > 1 and fault is None:
            try:
                others = Others(asked, script, given_here, place)
            except (OSError, KeyError, subprocess.CalledProcessError) as error:
                fault = "The nodes of the job are not known: %s." % error
        if fault is not None:
            run.note_failure(folder, Wrong(fault), began)
            with open(folder.inside("exit.json"), encoding="utf-8") as file:
                said(link, Patience(lambda: orders.asked), "exit.json", file.read())
            return NO_END
        meeting = None
        if others is not None:
            meeting = Meeting(folder, link, 0, others.addresses[0])
            others.start(meeting)
        elif asked.node > 0:
            meeting = Meeting(folder, link, asked.node, asked.address)
        spared = others.pids if others is not None else lambda: ()
        engine = run.Engine(options=counts(), variables=given(), kept=GPUS, spared=spared)
        Courier(folder, link, secrets, orders, engine, meeting).work()
        if others is not None:
            others.wait()
        # Only the end of the first one is the job's.
        return code_of(folder.read_json("exit.json")) if asked.node == 0 else 0
    except (Ended, Refused, Wrong, TimeoutError) as error:
        say(str(error))
        return NO_END
    finally:
        os.close(held)


class Others:
    """The couriers of the other nodes of the job, each a step of it. srun hands on what this one has been given: the same text, and secrets
    as variables."""

    def __init__(self, asked, script, variables, place):
        self._asked = asked
        self._script = script
        self._variables = dict(variables, PATH=os.environ.get("PATH", os.defpath))
        self._place = place
        self._steps = []
        self._sruns = []
        told = subprocess.check_output(["scontrol", "show", "hostnames", os.environ["SLURM_JOB_NODELIST"]])
        self._names = told.decode("utf-8").split()
        if len(self._names) < asked.nodes:
            raise OSError("the run has %d nodes and Slurm names %d: %s" % (asked.nodes, len(self._names), " ".join(self._names)))
        self.addresses = [address_of(name) for name in self._names]  # noqa: F821

    def start(self, meeting):
        for node in range(1, self._asked.nodes):
            thread = threading.Thread(target=self._run, args=(node, meeting), daemon=True)
            thread.start()
            self._steps.append(thread)

    def pids(self):
        return [srun.pid for srun in list(self._sruns) if srun.returncode is None]

    def wait(self):
        for thread in self._steps:
            thread.join()

    def _run(self, node, meeting):
        flags = ["--quiet", "--overlap", "--nodes=1", "--ntasks=1", "--mem=0", "--cpu-bind=none", "--mpi=none"]
        asked = ["--service", self._asked.service, "--key", self._asked.key, "--grace", str(self._asked.grace)]
        for name in ("folder", "bin"):
            value = getattr(self._asked, name)
            asked += ["--" + name, value] if value else []
        asked += ["--node", str(node), "--address", self.addresses[node]]
        command = ["srun", "--nodelist=" + self._names[node], "--chdir=/"] + flags + ["/bin/sh", "-s", "--"] + asked
        log = os.path.join(self._place, ".courier", "srun-%d.log" % node)
        why = ""
        try:
            with open(self._script, "rb") as text, open(log, "wb") as words:
                srun = subprocess.Popen(command, env=self._variables, cwd="/", stdin=text, stdout=words, stderr=words)
                self._sruns.append(srun)
                code = srun.wait()
            with open(log, "rb") as words:
                why = words.read()[-2000:].decode("utf-8", "replace").strip().split("\n")[-1]
        except OSError as error:
            code, why = 1, str(error)
        if code != 0:
            meeting.lose("Node %d (%s) was not started, or lost: %s" % (node, self._names[node], why or "srun ended with %d" % code))


def claim(link, patiently, start):
    """False where another start of the job, or another job of this launch, has begun it."""
    if said(link, patiently, "claim", start)["taken"]:
        return True
    if os.environ.get("SLURM_RESTART_COUNT", "0") != "0":
        said(link, patiently, "again", start)
    return False


def said(link, patiently, path, text):
    data = text.encode("utf-8")
    head = json.dumps({"path": path, "from": 0, "bytes": len(data), "anew": True}).encode("ascii")
    return patiently(lambda: link.take(head + b"\n" + data))[0]


def given():
    """What Slurm has set, as the run gets it. What the loader of programs reads must not break the start script, which gives it on."""
    variables = {}
    for name, value in os.environ.items():
        if name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"):
            variables["MALACHITE_" + name] = value
        elif not name.startswith("MALACHITE_"):
            variables[name] = value
    return variables


def counts():
    """Where the kernel counts what it has killed for memory of the job."""
    found = ""
    try:
        with open("/proc/self/cgroup") as file:
            for line in file:
                _, name, path = line.rstrip("\n").split(":", 2)
                if "/job_" not in path:
                    continue
                if name == "memory":
                    found = "/sys/fs/cgroup/memory%s/memory.oom_control" % path
                elif name == "" and not found:
                    found = "/sys/fs/cgroup%s/memory.events" % path
    except (OSError, ValueError):
        pass  # There are no control groups.
    return ("--counts", found) if found else ()


def code_of(record):
    code = (record or {}).get("code")
    return code if isinstance(code, int) and 0 <= code <= 255 else NO_END


def remove(place):
    """A run may have left folders that nobody may enter, and paths that are longer than a path may be."""
    for command in (["rm", "-rf", "--", place], ["chmod", "-R", "u+rwX", "--", place], ["rm", "-rf", "--", place]):
        if not os.path.lexists(place):
            return
        try:
            subprocess.call(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            return  # There is no such tool: the next job tries again.


def sweep(runs):
    """What couriers of this node that were killed have left."""
    import fcntl

    for name in os.listdir(runs):
        place = os.path.join(runs, name)
        lock = os.path.join(place, ".courier", "lock")
        try:
            there = lock if os.path.lexists(lock) else place
            if time.time() - os.lstat(there).st_mtime < LEFT_SECONDS:
                continue
            if there == lock:
                descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                finally:
                    os.close(descriptor)
        except OSError:
            continue  # Somebody works there, or it went away.
        remove(place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
