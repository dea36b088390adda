// The Python file that runs the processes of a run of several. A constant text, no user data in it.
import { GROUP_AGENT } from "./groupAgent.ts";
import { GROUP_MPI } from "./groupMpi.ts";
import { GROUP_NODES } from "./groupNodes.ts";
import { GROUP_PARTS } from "./groupParts.ts";
import { GROUP_PODS } from "./groupPods.ts";

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
 * - Where the nodes of the run are machines of their own, MALACHITE_NODES names them; see groupNodes.ts. Where they are pods, see
 *   groupPods.ts. Where they share nothing but the network, MALACHITE_PART says which this one is; see groupParts.ts. MPI: see groupMpi.ts
 *   and groupAgent.ts.
 * - Also old interpreters read it: no syntax here is newer than Python 3.5.
 */
const GROUP = String.raw`# Runs the processes of a run of several. See "Runs of several processes" in the documentation.
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
HOST_MARK = re.compile("\0host:([0-9]+)\0")
# Addresses of the nodes; empty where all of them are this machine.
HOSTS = []


def say(text):
    if LINE:
        return write_line(LINE[0], {"say": text})
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


def processes_on(group, known):
    """Those of a node, by their numbers: the ones that work there, or the ones that only serve."""
    return [
        (index, process)
        for index, process in enumerate(group["processes"])
        if process["node"] == known["node"] and bool(process.get("serves")) == known["serves"]
    ]


def status_noted(first, otherwise):
    """The end that was written down, as a status; otherwise where it tells of none."""
    number = getattr(signal, first["signal"], None) if "signal" in first else None
    return -number if number else first.get("code", otherwise)


def name_of(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


def in_words(status):
    return "exit code %d" % status if status >= 0 else "signal %s" % name_of(-status)


def beside(work, *args):
    """Does it in a thread that keeps nothing from ending."""
    import threading

    thread = threading.Thread(target=work, args=args)
    thread.daemon = True
    thread.start()
    return thread


def when_asked(act):
    for what in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(what, act)


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
    text = HOST_MARK.sub(lambda mark: HOSTS[int(mark.group(1))] if HOSTS else LOOPBACK, text)
    return MARK.sub(lambda mark: str(ports[mark.group(1)]), text)


def variables(group, process, ports):
    given = dict(os.environ)
    given.pop("MALACHITE_SLURM_BIN", None)
    if sys.platform.startswith("linux") and all(host.startswith("127.") for host in HOSTS):
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
    if hasattr(child, "tell"):
        return child.tell(what)
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
        # Of the processes of one node: those of the others may still need what serves.
        self.of_node = False

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

    def ended(self, index, status, child):
        process = self.group["processes"][index]
        if self.ending:
            return
        if status != 0 and hasattr(child, "why_failed"):
            self.failed = child.why_failed(status)
            self.stop()
        elif status != 0:
            self.failed = status
            note(dict(outcome(status), index=index))
            others = len(self.alive)
            say("%s ended with %s; %s." % (process["name"], in_words(status), stopped(others)))
            self.stop()
        elif not self.of_node and all(self.group["processes"][other].get("serves") for other, _ in self.alive.values()):
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
            self.ended(index, child.returncode, child)


def stopped(others):
    if others == 0:
        return "no other is running"
    return "the other is stopped" if others == 1 else "the %d others are stopped" % others


def run_direct(group, ports, release):
    own = Group(group)
    when_asked(own.on_ask)
    release()
    run_all(own, group, ports, [(index, process) for index, process in enumerate(group["processes"]) if not HOSTS or process["node"] == 0])


def run_all(own, group, ports, processes):
    end_as(run_processes(own, group, ports, processes))


def sets_of(group):
    """Of the other nodes: the processes of each that are stopped together, by their numbers."""
    sets = {}
    for index, process in enumerate(group["processes"]):
        if process["node"] > 0:
            sets.setdefault((process["node"], bool(process.get("serves"))), []).append(index)
    return sets


def run_processes(own, group, ports, processes):
    if PODS:
        start_keepers(own, group, ports)
    elif HOSTS and not own.of_node:
        (start_parts if PART else start_nodes)(own, group, ports)
    for index, process in processes:
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
        return own.failed
    return -signal.SIGTERM if own.asked else 0


`;

const MAIN = String.raw`def main():
    if sys.version_info < (3, 5):
        text = "Several processes are started by Python 3.5 or later; this is %d.%d." % sys.version_info[:2]
        with open(EXIT, "w") as file:
            json.dump({"failure": text}, file)
        say(text)
        sys.exit(70)
    group = read_group()
    if sys.argv[1:] == ["--rank"]:
        run_rank(group)
    if sys.argv[1:] == ["--node"]:
        run_node(group)
    if sys.argv[1:] == ["--pod"]:
        run_pod(group)
    if sys.argv[1:] == ["--keep"]:
        keep(group)
    if sys.argv[1:2] == ["--agent"]:
        run_agent(group)
    if sys.argv[1:] == ["--daemon"]:
        connect_daemon(group)
    find_part()
    if PART and PART["node"] > 0:
        run_part(group)
    if PART:
        gather(group)
    else:
        HOSTS.extend(find_pods(group) or find_hosts(group))
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

export const GROUP_START: string =
  GROUP + GROUP_NODES + GROUP_PODS + GROUP_PARTS + GROUP_MPI + GROUP_AGENT + MAIN;
