// The part of the group's Python file that is about nodes that are machines by themselves, with nothing between them but the network: each has
// a folder and a group.py of its own. No user data in it.

/**
 * `MALACHITE_PART` is JSON: the number of this node, the addresses of all, ports of which the first node takes one, a token that only nodes
 * of this run know, and what the log of the run is to say of it.
 *
 * - The first node waits until all others have joined, so that one whose environment takes long keeps nobody's rendezvous waiting; only then
 *   are ports chosen and processes started, everywhere at once.
 * - For each other node the first has a child that ends when the node says that its processes have, and how. So the group ends as it does on
 *   one machine. Those that only serve have one of their own, since they are stopped last.
 * - A node runs its processes as groupNodes.ts does: they are asked and forced by the first one, and end when their connection to it breaks.
 * - A connection over which nothing comes for a while, not even a sign of the system at the other end, is broken.
 * - A node that cannot join says why in `meeting.json`, which goes when it has.
 */
export const GROUP_PARTS: string = String.raw`PART = {}
MEETINGS = []
MEETING_FILE = os.path.join(HERE, "meeting.json")


def find_part():
    text = os.environ.pop("MALACHITE_PART", "")
    if text:
        PART.update(json.loads(text))
        HOSTS.extend(PART["hosts"])
        if "said" in PART:
            say(PART["said"])


class Meeting(Control):
    """Where the other nodes join, and their processes connect to."""

    def __init__(self, group):
        import threading

        self.group = group
        self.token = PART["token"]
        self.forced = 0
        self.told = []
        self.peers = []
        self.joined = {}
        self.gone = {}
        self.children = {}
        # The connections of mpirun's agents, by number; None for one that is over.
        self.agents = {}
        self.mpi = False
        # Nodes whose address in HOSTS is one of their own.
        self.own = set([0] if is_here(HOSTS[0]) else [])
        self.changed = threading.Condition()
        self.server = self.listen()
        self.port = self.server.getsockname()[1]
        beside(self.accept)

    def listen(self):
        for port in PART["ports"]:
            try:
                return listen_at(port)
            except OSError as error:
                why = error
        fail("Node 0 could take none of the ports %s for the others to join at: %s" % (", ".join(str(port) for port in PART["ports"]), why))

    def accept(self):
        while True:
            # Each by itself: one that says nothing holds up nobody.
            beside(self.greet, self.server.accept()[0])

    def greet(self, line):
        try:
            line.settimeout(10)
            words = line.makefile("rb").readline(200).decode("ascii", "replace").split()
            if not words or words[0] != self.token:
                return line.close()
            awake(line)
            if len(words) == 1:
                with self.changed:
                    self.peers.append(line)
                    for word in self.told:
                        line.sendall(word)
                return None
            node = int(words[2])
            if words[1] == "agent":
                return self.lead(node, line)
            if words[1] == "daemon":
                return self.splice(node, line)
            line.sendall(b"welcome\n")
        except (OSError, ValueError, IndexError):
            return line.close()
        with self.changed:
            self.joined[node] = line
            if words[3:] == ["own"]:
                self.own.add(node)
            self.changed.notify_all()
        self.hear(node, line)

    def hear(self, node, line):
        """What the node says of its processes, until the connection breaks."""
        try:
            with line.makefile("r") as words:
                for text in words:
                    told = json.loads(text)
                    self.settle((node, told["serves"]), told["status"], told["first"])
        except (OSError, ValueError, KeyError):
            pass
        with self.changed:
            if self.joined.get(node) is line:
                del self.joined[node]
            lost = "The connection to node %d (%s) was lost: it is away, or was ended." % (node, HOSTS[node])
            for key in list(self.children):
                if key[0] == node:
                    self.settle(key, 1, {"failure": lost, "lost": node})
        if self.mpi:
            note({"failure": lost, "lost": node})
            say(lost)
            os.kill(os.getpid(), signal.SIGUSR1)

    def lead(self, node, line):
        """An agent of mpirun wants to start something on a node: this is asked to connect."""
        with self.changed:
            number = 1 + len(self.agents)
            self.agents[number] = line
            there = self.joined.get(node)
        if there is None:
            with self.changed:
                self.agents[number] = None
            return line.close()
        there.sendall((json.dumps({"start": number}) + "\n").encode("ascii"))

    def splice(self, number, line):
        """The node has connected for the agent: from here on they talk to each other."""
        with self.changed:
            agent = self.agents[number]
        agent.sendall(b"welcome\n")
        beside(self.pass_on, agent, line)
        self.pass_on(line, agent)
        with self.changed:
            self.agents[number] = None
            self.changed.notify_all()

    def wait_for_daemons(self, seconds):
        import time

        until = time.monotonic() + seconds
        with self.changed:
            while any(self.agents.values()) and time.monotonic() < until:
                self.changed.wait(0.5)

    def pass_on(self, one, other):
        try:
            while True:
                some = one.recv(65536)
                if not some:
                    break
                other.sendall(some)
        except OSError:
            pass
        for line in (one, other):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is closed already.

    def settle(self, key, status, first):
        with self.changed:
            child = self.children.pop(key, None)
            if child is None:
                return
            self.gone[key] = (status, first)
        try:
            child.stdin.write(b"0" if status == 0 else b"1")
            child.stdin.close()
        except OSError:
            pass

    def wait_for_all(self):
        count = 1 + max(process["node"] for process in self.group["processes"])
        with self.changed:
            while len(self.joined) < count - 1:
                self.changed.wait(0.5)

    def tell(self, word):
        with self.changed:
            Control.tell(self, word)


class Elsewhere(subprocess.Popen):
    """Stands for processes of another node: it ends when they have."""

    def __init__(self, meeting, key, indexes):
        self.meeting = meeting
        self.key = key
        self.indexes = indexes
        code = "import os, sys; sys.exit(0 if os.read(0, 1) == b'0' else 1)"
        # What asks all processes of this machine to end means none that is elsewhere.
        subprocess.Popen.__init__(
            self,
            [sys.executable, "-S", "-c", code],
            stdin=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
            preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        )

    def tell(self, what):
        # Nobody waits for a node that does not listen.
        if self.meeting.order(what) > 5 and self.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)

    def why_failed(self, status):
        how, first = self.meeting.gone.get(self.key, (1, None))
        if not isinstance(first, dict):
            first = {"failure": "The processes of node %d (%s) ended with %s." % (self.key[0], HOSTS[self.key[0]], in_words(how))}
        note(first)
        if "failure" in first:
            say(first["failure"])
            return 126
        ended = status_noted(first, 1)
        index = first.get("index", self.indexes[0])
        say("%s ended with %s; the others are stopped." % (self.meeting.group["processes"][index]["name"], in_words(ended)))
        return ended


def fail(text):
    note({"failure": text})
    say(text)
    end_as(126)


def gather(group):
    when_asked(lambda *_: end_as(-signal.SIGTERM))
    meeting = Meeting(group)
    MEETINGS.append(meeting)
    meeting.wait_for_all()


def start_parts(own, group, ports):
    meeting = MEETINGS[0]
    for key, indexes in sorted(sets_of(group).items()):
        child = Elsewhere(meeting, key, indexes)
        own.alive[child.pid] = (indexes[0], child)
        with meeting.changed:
            meeting.children[key] = child
    send_go(meeting, {"ports": ports, "port": meeting.port}, sorted(set(key[0] for key in meeting.children)))


def send_go(meeting, what, nodes):
    go = (json.dumps(what) + "\n").encode("ascii")
    for node in nodes:
        line = meeting.joined.get(node)
        try:
            if line is None:
                raise OSError("it is away")
            line.sendall(go)
        except OSError as error:
            text = "The connection to node %d (%s) was lost before it began: %s" % (node, HOSTS[node], error)
            if meeting.mpi:
                fail(text)
            for key in [key for key in list(meeting.children) if key[0] == node]:
                meeting.settle(key, 1, {"failure": text})


def join():
    """The connection to the first node, and what it says when all are there. Tries until it is told to end."""
    import time

    wait = 0.1
    while True:
        why = None
        for port in PART["ports"]:
            line = None
            try:
                line = socket.create_connection((HOSTS[0], port), 10)
                own = " own" if is_here(HOSTS[PART["node"]]) else ""
                line.sendall(("%s join %d%s\n" % (PART["token"], PART["node"], own)).encode("ascii"))
                words = line.makefile("r")
                if words.readline().strip() != "welcome":
                    raise OSError("somebody else answers there")
                awake(line)
                if os.path.exists(MEETING_FILE):
                    os.unlink(MEETING_FILE)
                text = words.readline()
                if text:
                    return line, words, json.loads(text)
                wait = 0.1
                raise OSError("the connection was lost")
            except (OSError, ValueError) as error:
                why = why or "%s:%d: %s" % (HOSTS[0], port, error)
                if line is not None:
                    line.close()
        say_why("Node %d cannot join node 0 at %s" % (PART["node"], why))
        time.sleep(wait)
        wait = min(wait * 1.5, 2)


def say_why(text):
    new = MEETING_FILE + ".new"
    try:
        with open(new, "w", encoding="utf-8") as file:
            json.dump({"why": text}, file)
        os.rename(new, MEETING_FILE)
    except OSError:
        pass  # The disk is full: it is tried all the same.


def run_part(group):
    when_asked(lambda *_: end_as(-signal.SIGTERM))
    line, words, go = join()
    children = {}

    def ask(*_):
        for child in list(children.values()):
            send(child[0], signal.SIGTERM)

    when_asked(ask)
    if "mpi" in go:
        serve_daemons(words, go, children)
    node = PART["node"]
    for _, serves in sorted(key for key in sets_of(group) if key[0] == node):
        known = {"ports": go["ports"], "hosts": HOSTS, "node": node, "serves": serves, "at": [HOSTS[0], go["port"]], "token": PART["token"]}
        env = dict(os.environ, MALACHITE_GROUP=json.dumps(known))
        command = [sys.executable, os.path.abspath(__file__), "--node"]
        child = subprocess.Popen(command, env=env, cwd=HERE, stdin=subprocess.DEVNULL, start_new_session=True)
        children[child.pid] = (child, serves)
    worst = 0
    while children:
        pid, how = os.waitpid(-1, 0)
        if pid not in children:
            continue
        _, serves = children.pop(pid)
        status = status_of(how)
        worst = worst or status
        try:
            line.sendall((json.dumps({"serves": serves, "status": status, "first": noted() if status else None}) + "\n").encode("ascii"))
        except OSError:
            pass  # The first node is away: all that is here has ended for that.
    end_as(worst)


`;
