// The part of the group's Python file that takes mpirun to the other nodes of a run, without ssh. No user data in it.

/**
 * mpirun starts a daemon on each other node by a program like ssh: `PROGRAM HOST COMMAND...`. Here that is `group.py --agent`, which has the
 * command run by the group's own program on that node, over connections that know the run's token: see groupPods.ts and groupParts.ts.
 *
 * - Open MPI (4 and 5), MPICH and Intel MPI are told by variables, of which each reads its own: the program, a file of hosts, and that daemons
 *   stay where they are started, so that they end with the connection. Open MPI finds the program on the PATH: it takes a path apart at blanks.
 * - Open MPI is told to leave names of nodes whole: it would look for `node-1.run` as `node-1`, and take two nodes for one that differ in the domain alone.
 * - The first node is `localhost` where its name leads elsewhere, so mpirun never asks for a way to it.
 * - The same mpirun may lie elsewhere on another machine: its folder in the command is exchanged. MPICH and Intel MPI tell daemons to call back at a name
 *   that only its own machine may know: that is exchanged too.
 * - mpirun is started in the root folder, since its own may not be on all nodes, and its ranks are found by a variable that each node sets.
 * - Where each node has the address that the others know, ranks talk to each other by that alone: machines often have others, of bridges and
 *   containers, which lead nowhere.
 * - Which rank failed is told over the connection at once: mpirun may end before its daemons have.
 * - An agent whose mpirun is gone ends, and with its connection all that the daemon has started.
 */
export const GROUP_AGENT: string = String.raw`AGENT = "malachite-agent"
RANK_COMMAND = ["/bin/sh", "-c", 'exec "$MALACHITE_PYTHON" "$MALACHITE_GROUP_FILE" --rank']


def is_here(host):
    """Whether the name or address leads to this very machine."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
        return True
    except OSError:
        return False


OF_THIS_NODE = {"MALACHITE_PYTHON": sys.executable, "MALACHITE_GROUP_FILE": os.path.abspath(__file__)}


def with_agent(given):
    """Daemons of Open MPI 4 want to see it too."""
    folder = os.path.join(HERE, "mpi-bin")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(folder, AGENT)
    new = "%s.%d" % (program, os.getpid())
    with open(new, "w") as file:
        file.write('#!/bin/sh\nexec "$MALACHITE_PYTHON" "$MALACHITE_GROUP_FILE" --agent "$@"\n')
    os.chmod(new, 0o700)
    os.rename(new, program)
    given["PATH"] = os.pathsep.join([given["PATH"], folder])
    given.update(OF_THIS_NODE)


def reach_others(group, ports, mpirun, given, known):
    """What mpirun has to know of the other nodes, in its variables; what it has to be told besides."""
    meeting = MEETINGS[0] if PART else None
    nodes = PODS or HOSTS
    names = [nodes[0] if is_here(nodes[0]) else "localhost"] + nodes[1:]
    known.update({"names": names, "root": os.path.dirname(os.path.dirname(mpirun)), "exact": not meeting or len(meeting.own) == len(nodes)})
    if meeting:
        known.update({"at": meeting.port, "token": meeting.token})
    # In an allocation of Slurm mpirun would ask that for nodes, and start its daemons there by srun. Ranks of this node are given it back.
    known["engine"] = dict((name, given.pop(name)) for name in list(given) if name.startswith("SLURM_"))
    each = len(group["processes"]) // len(nodes)
    hosts, machines = os.path.join(HERE, "mpi-hosts"), os.path.join(HERE, "mpi-machines")
    try:
        for path, line in ((hosts, "%s slots=%d\n"), (machines, "%s:%d\n")):
            with open(path, "w") as file:
                file.write("".join(line % (one, each) for one in names))
        with_agent(given)
    except OSError as error:
        fail("What mpirun needs to reach the other nodes could not be written: %s" % error)
    for name, value in (
        ("OMPI_MCA_plm_rsh_agent", AGENT),
        ("OMPI_MCA_plm_rsh_no_tree_spawn", "1"),
        ("OMPI_MCA_orte_leave_session_attached", "1"),
        ("OMPI_MCA_orte_default_hostfile", hosts),
        ("OMPI_MCA_orte_keep_fqdn_hostnames", "1"),
        ("PRTE_MCA_plm_ssh_agent", AGENT),
        ("PRTE_MCA_plm_ssh_no_tree_spawn", "1"),
        ("PRTE_MCA_prte_leave_session_attached", "1"),
        ("PRTE_MCA_prte_default_hostfile", hosts),
        ("PRTE_MCA_prte_keep_fqdn_hostnames", "1"),
        ("HYDRA_LAUNCHER", "ssh"),
        ("HYDRA_LAUNCHER_EXEC", AGENT),
        ("HYDRA_HOST_FILE", machines),
        ("HYDRA_ENV", "none"),
        ("I_MPI_HYDRA_BOOTSTRAP", "ssh"),
        ("I_MPI_HYDRA_BOOTSTRAP_EXEC", AGENT),
        ("I_MPI_HYDRA_HOST_FILE", machines),
    ):
        given[name] = value
    # Intel's hands the environment of the first node on unless it is told not to in its arguments.
    by_intel = os.path.exists(os.path.join(os.path.dirname(mpirun), "hydra_bstrap_proxy"))
    if meeting:
        meeting.mpi = True
        send_go(meeting, {"ports": ports, "port": meeting.port, "mpi": True}, range(1, len(nodes)))
    return ["-genvnone"] if by_intel else []


def run_agent(group):
    """In place of ssh: for mpirun, as whose child it runs."""
    import time

    known = json.loads(os.environ["MALACHITE_GROUP"])
    words = sys.argv[2:]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-l", "-o", "-p") else words[1:]
    name = words[0].split("@")[-1] if words else ""
    if name not in known["names"]:
        say("mpirun wants to start something on '%s', which is no node of the run" % name)
        end_as(255)
    node, command = known["names"].index(name), " ".join(words[1:])
    if node == 0:
        os.execv("/bin/sh", ["/bin/sh", "-c", command])
    HOSTS.extend(known["hosts"])
    parent = os.getppid()
    line = []

    def orphaned():
        while os.getppid() == parent:
            time.sleep(0.5)
        # It may just have ended as it should, and the daemon does so now.
        time.sleep(5)
        os._exit(1)

    beside(orphaned)

    def on_ask(*_):
        for one in line:
            write_line(one, {"ask": True})

    when_asked(on_ask)
    hello = {name: known[name] for name in ("hosts", "ports", "root", "exact")}
    hello.update({"node": node, "serves": False, "sets": 1, "command": command})
    line.append(reach_part(node, hello, known) if "at" in known else reach_pod(node, [], hello))

    def tell_group():
        try:
            os.kill(known["pid"], signal.SIGUSR1)
        except OSError:
            pass  # It is ending.

    end_as(stand_for(node, line[0], tell_group, lambda: os.getppid() != parent))


def reach_part(node, hello, known):
    try:
        line = socket.create_connection(("127.0.0.1", known["at"]), 60)
        line.sendall(("%s agent %d\n" % (known["token"], node)).encode("ascii"))
        for expected in b"welcome\n":
            if line.recv(1) != bytes(bytearray([expected])):
                raise OSError("it does not answer")
    except OSError as error:
        lose_pod(node, error)
    write_line(awake(line), dict(hello, token=known["token"]))
    return line


def serve_daemons(words, go, children):
    """On a node that is a machine by itself: connects for each agent that asks, until the first node is done or away."""
    try:
        for text in words:
            told = {"at": [HOSTS[0], go["port"]], "token": PART["token"], "number": json.loads(text)["start"]}
            env = dict(os.environ, MALACHITE_GROUP=json.dumps(told))
            command = [sys.executable, os.path.abspath(__file__), "--daemon"]
            child = subprocess.Popen(command, env=env, cwd=HERE, stdin=subprocess.DEVNULL, start_new_session=True)
            children[child.pid] = (child, False)
    except (OSError, ValueError):
        pass
    worst = 0
    for child, _ in list(children.values()):
        status = child.wait()
        worst = worst or status
    end_as(worst)


def connect_daemon(group):
    told = json.loads(os.environ.pop("MALACHITE_GROUP"))
    line = socket.create_connection(tuple(told["at"]), 30)
    line.sendall(("%s daemon %d\n" % (told["token"], told["number"])).encode("ascii"))
    line.settimeout(60)
    hello = read_hello(line, told["token"])
    if hello is None:
        end_as(1)
    run_set(group, awake(line), hello, 0)


class Daemon(subprocess.Popen):
    """What mpirun has started on this node, with all ranks below it."""

    def tell(self, what):
        if what != signal.SIGKILL:
            return os.killpg(self.pid, what) if self.returncode is None else None
        for pid in sorted(below(self.pid), reverse=True) + ([self.pid] if self.returncode is None else []):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # It has ended.

    def why_failed(self, status):
        return status


def below(top):
    """All processes that come from this one."""
    parents = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            pass
    found = set([top])
    while True:
        more = set(pid for pid, parent in parents.items() if parent in found) - found
        if not more:
            return found - set([top])
        found |= more


def run_daemon(own, group, known):
    mpirun = find_mpirun("node %d (%s)" % (known["node"], HOSTS[known["node"]]))
    if mpirun is None:
        return 127
    mine = os.path.dirname(os.path.dirname(mpirun))
    command = re.sub(re.escape(known["root"]) + r"(?![\w.-])", lambda _: mine, known["command"])
    command = re.sub(r"(--upstream-host )\S+", lambda found: found.group(1) + HOSTS[0], command)
    command = re.sub(r"(--control-port )\S+:(\d+)", lambda found: "%s%s:%s" % (found.group(1), HOSTS[0], found.group(2)), command)
    # Whose daemons go into the background is known by nothing else in time.
    command = command.replace(" --daemonize ", " ")
    given = mpi_variables(group)
    given["PATH"] = os.pathsep.join([os.path.dirname(mpirun), given.get("PATH", os.defpath)])
    with_agent(given)
    here = {"pid": os.getpid(), "machine": machine(), "srun": False}
    given["MALACHITE_GROUP"] = json.dumps(dict(here, **{name: known[name] for name in ("ports", "hosts", "exact")}))
    signal.signal(signal.SIGUSR1, lambda *_: write_line(LINE[0], {"first": noted()}))

    def on_ask(*_):
        if "asked" not in known and not own.asked:
            # It is this node that is to end: mpirun has no word for that.
            write_line(LINE[0], {"first": noted() or {"signal": "SIGTERM"}})
        own.on_ask()

    when_asked(on_ask)
    words = os.path.join(HERE, "mpi-%d.log" % known["node"])
    with open(words, "ab") as log:
        child = Daemon(["/bin/sh", "-c", command], env=given, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    own.alive[child.pid] = (0, child)
    if own.ending:
        own.each(signal.SIGTERM)
    own.wait()
    if child.returncode != 0:
        with open(words, "rb") as log:
            for text in log.read()[-2000:].decode("utf-8", "replace").split("\n"):
                if text.strip():
                    say("node %d: %s" % (known["node"], text))
    return child.returncode


`;
