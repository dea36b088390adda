// The part of the group's Python file that is about nodes that are machines of their own, in an allocation of Slurm. No user data in it.

/**
 * Python: what the nodes can reach a node of Slurm by. A name that leads nowhere is exchanged for the address that Slurm knows. Also in the
 * batch script of runs whose nodes share no folder.
 */
export const ADDRESS_OF: string = String.raw`def address_of(name, scontrol="scontrol"):
    import re
    import socket
    import subprocess

    try:
        socket.gethostbyname(name)
        return name
    except OSError:
        pass
    try:
        told = subprocess.check_output([scontrol, "--oneliner", "show", "node", name])
        found = re.search(r"\bNodeAddr=(\S+)", told.decode("utf-8", "replace"))
        return found.group(1) if found else name
    except (OSError, subprocess.CalledProcessError):
        return name


`;

/**
 * `MALACHITE_NODES` holds the names of the nodes, the first of them this one. For each other node there is a `group.py --node`, started by
 * srun: the parent of the processes there, and a child of this group like any process. Those that only serve have one of their own, since
 * they are stopped last.
 *
 * - srun ends what it started without any grace when it is told to end. So the nodes connect to this one, and are asked and forced that way; a
 *   connection that breaks ends the processes of its node.
 * - Which process failed is written down where it failed, by the node that sees it; so also how the group ends.
 * - Ports of the first process are free on the first node; those of others are numbers that systems do not give away by themselves.
 */
export const GROUP_NODES: string = String.raw`def machine():
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read()
    except OSError:
        return socket.gethostname()


def slurm_command(name):
    import shutil

    places = [os.environ.get("MALACHITE_SLURM_BIN") or "", os.environ.get("PATH", os.defpath), "/usr/bin:/bin:/usr/local/bin"]
    return shutil.which(name, path=os.pathsep.join(place for place in places if place)) or name


def srun(nodes, tasks):
    # All memory of the job on the node; without a number of processors it is all of these too.
    flags = ["--overlap", "--nodes=%d" % nodes, "--ntasks=%d" % tasks, "--mem=0", "--cpu-bind=none", "--input=none"]
    return [slurm_command("srun"), "--quiet"] + flags


def find_hosts(group):
    names = os.environ.pop("MALACHITE_NODES", "").split()
    if not names:
        return []
    count = 1 + max(process["node"] for process in group["processes"])
    if len(names) < count:
        text = "The run has %d nodes and Slurm names %d: %s." % (count, len(names), " ".join(names))
        note({"failure": text})
        say(text)
        end_as(70)
    NODES.extend(names)
    return [address_of(name, slurm_command("scontrol")) for name in names]


# As Slurm calls them.
NODES = []


${ADDRESS_OF}class Node(subprocess.Popen):
    """The srun that runs the processes of one node."""

    def __init__(self, name, number, control, env):
        self.name = name
        self.control = control
        self.number = number
        self.log = os.path.join(HERE, "srun-%d.log" % number)
        command = srun(1, 1) + ["--nodelist=" + name, "--mpi=none", sys.executable, os.path.abspath(__file__), "--node"]
        with open(self.log, "ab") as log:
            subprocess.Popen.__init__(
                self, command, env=env, cwd=HERE, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True
            )

    def tell(self, what):
        forced = self.control.order(what)
        # Whoever does not listen is ended by srun, and then srun itself.
        if forced > 2 and self.returncode is None:
            os.killpg(self.pid, signal.SIGTERM if forced < 10 else signal.SIGKILL)

    def why_failed(self, status):
        first = noted()
        if first is not None:
            return status_noted(first, 126)
        with open(self.log, "rb") as log:
            words = log.read()[-2000:].decode("utf-8", "replace").strip().split("\n")
        text = "The processes of node %d (%s) were not started, or lost: %s" % (self.number, self.name, words[-1] or in_words(status))
        note({"failure": text})
        say(text)
        return 126


def listen_at(port):
    """At all addresses of this machine, of both kinds: which of them others are led to by its name is not known here."""
    import errno

    try:
        return listen_by(socket.AF_INET6, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        return listen_by(socket.AF_INET, port)  # There is no IPv6 here.


def listen_by(family, port):
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if port:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", port))
        server.listen(64)
        return server
    except OSError:
        server.close()
        raise


class Control:
    """Where the nodes connect to, and are told to end."""

    def __init__(self):
        import random

        self.token = "%032x" % random.SystemRandom().getrandbits(128)
        self.forced = 0
        self.told = []
        self.peers = []
        self.server = listen_at(0)
        self.port = self.server.getsockname()[1]
        beside(self.accept)

    def accept(self):
        while True:
            peer = self.server.accept()[0]
            try:
                peer.settimeout(10)
                if peer.recv(64).decode("ascii", "replace").strip() != self.token:
                    peer.close()
                    continue
                peer.settimeout(None)
                self.peers.append(peer)
                for word in self.told:
                    peer.sendall(word)
            except OSError:
                pass

    def tell(self, word):
        line = (word + "\n").encode("ascii")
        if line in self.told:
            return
        self.told.append(line)
        for peer in list(self.peers):
            try:
                peer.sendall(line)
            except OSError:
                pass

    def order(self, what):
        """Passes a signal on. How often it has been forced where it is forced now, else 0."""
        if what == signal.SIGTERM:
            self.tell("ask")
        if what != signal.SIGKILL:
            return 0
        self.tell("force")
        self.forced += 1
        return self.forced


def start_nodes(own, group, ports):
    control = Control()
    sets = sets_of(group)
    for node, serves in sorted(sets):
        known = {"ports": ports, "hosts": HOSTS, "node": node, "serves": serves, "at": [HOSTS[0], control.port], "token": control.token}
        env = dict(os.environ, MALACHITE_GROUP=json.dumps(known))
        try:
            child = Node(NODES[node], node, control, env)
        except OSError as error:
            note({"failure": "srun could not be started: %s" % error})
            say("srun could not be started: %s" % error)
            own.failed = 126
            return own.stop()
        own.alive[child.pid] = (sets[(node, serves)][0], child)


def run_node(group):
    known = json.loads(os.environ.pop("MALACHITE_GROUP"))
    HOSTS.extend(known["hosts"])
    own = Group(group)
    own.of_node = True
    when_asked(own.on_ask)
    line = socket.create_connection(tuple(known["at"]), 30)
    awake(line)
    line.sendall((known["token"] + "\n").encode("ascii"))

    def listen():
        with line.makefile("r") as words:
            for word in words:
                if word.strip() == "ask":
                    os.kill(os.getpid(), signal.SIGTERM)
                elif word.strip() == "force":
                    own.each(signal.SIGKILL)
        own.ending = True
        own.each(signal.SIGKILL)

    beside(listen)
    run_all(own, group, known["ports"], processes_on(group, known))


`;
