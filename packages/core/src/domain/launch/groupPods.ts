// The part of the group's Python file that is about nodes that are pods of their own, which share the run's folder. No user data in it.

/** Files in the run's folder, and variables of the pods, by which a driver and the group's program know each other. */
export const POD_NAMES = {
  /** A folder, in which each pod but the first tells where it is. */
  folder: "pods",
  /** Counts, as the kernel does, what was killed for memory in the other pods. */
  killed: "pods-killed",
  count: "MALACHITE_PODS",
  address: "MALACHITE_POD_IP",
  /** Of a headless service, where the cluster has names for its pods. */
  domain: "MALACHITE_PODS_DOMAIN",
} as const;

/**
 * `MALACHITE_PODS` says how many there are. Each but the first runs `group.py --pod`: it listens, tells its address in the shared folder, and
 * starts processes for whoever knows the token that lies there. In the first pod there is a `group.py --keep` for each other node, a child of
 * the group like any process: it is asked, forced and waited for in place of that node's processes.
 *
 * - Addresses come from the pods themselves: neither DNS nor the API is asked. Names of a headless service are used where they lead somewhere.
 * - What a node's processes ended with, and which failed, travels over the connection: a network file system may show it late.
 * - A connection that breaks ends the processes of its node, and is a node that was lost to the first pod. A machine that is switched off
 *   breaks none: so both sides ask each other every ten seconds.
 * - What the kernel kills for memory in another pod is not counted in the first one's groups: it is told too, and the start script reads it.
 */
export const GROUP_PODS: string = String.raw`PODS_FOLDER = os.path.join(HERE, "${POD_NAMES.folder}")
# For the start script of the first pod.
KILLED = os.path.join(HERE, "${POD_NAMES.killed}")
OVER = ("exit.json", "stop")
# How a pod's own processes end among themselves when the pod itself was asked to end.
TAKEN = 3
# The connection to the first pod, in the others.
LINE = []


def pod_file(number):
    return os.path.join(PODS_FOLDER, "%d.json" % number)


def told_by_pod(number):
    os.listdir(PODS_FOLDER)
    with open(pod_file(number), encoding="utf-8") as file:
        return json.load(file)


def names_of_pods(addresses, domain):
    """Their names, where the cluster has some and all lead there; a resolver that nobody answers takes a minute to say so."""
    import time

    names = ["%s-%d.%s" % (domain, number, domain) for number in range(len(addresses))]
    found = []

    def leads(name, address):
        try:
            return address in [one[4][0] for one in socket.getaddrinfo(name, None)]
        except OSError:
            return False

    def look():
        for attempt in range(30):
            if all(leads(name, address) for name, address in zip(names, addresses)):
                return found.append(True)
            time.sleep(0.5)

    beside(look).join(15)
    if found:
        return names
    say("the names of its pods, such as %s, do not lead to them: their addresses are used instead" % names[0])
    return addresses


def find_pods(group):
    count = int(os.environ.pop("${POD_NAMES.count}", "0"))
    if count == 0:
        return []
    try:
        addresses = [os.environ.pop("${POD_NAMES.address}")]
        addresses += [told_by_pod(number)["address"] for number in range(1, count)]
    except (OSError, KeyError, ValueError) as error:
        text = "The run has %d nodes, and not all of them have told where they are: %s" % (count, error)
        note({"failure": text})
        say(text)
        end_as(70)
    PODS.extend(addresses)
    domain = os.environ.pop("${POD_NAMES.domain}", "")
    return names_of_pods(addresses, domain) if domain else addresses


# Their addresses.
PODS = []


def awake(line):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    line.settimeout(None)
    return line


def write_line(line, what):
    try:
        line.sendall((json.dumps(what) + "\n").encode("ascii"))
    except OSError:
        pass  # It is lost: whoever reads sees that.


def reach_pod(number, asked, hello):
    """Connects to a pod and says what is wanted of it. It may be just being put in the place of one that was taken away."""
    import time

    until = time.monotonic() + 60
    while True:
        try:
            there = told_by_pod(number)
            line = socket.create_connection((there["address"], there["port"]), 10)
            write_line(awake(line), dict(hello, token=there["token"]))
            return line
        except (OSError, ValueError, KeyError) as error:
            trouble = error
        if asked:
            end_as(-signal.SIGTERM)
        if time.monotonic() > until:
            lose_pod(number, trouble)
        time.sleep(0.5)


def lose_pod(number, trouble):
    text = "Node %d (%s) was lost: %s" % (number, HOSTS[number], trouble)
    note({"failure": text, "lost": number})
    say(text)
    end_as(126)


class Keeper(subprocess.Popen):
    """Stands in the first pod for the processes of another."""

    def __init__(self, known):
        env = dict(os.environ, MALACHITE_GROUP=json.dumps(known))
        command = [sys.executable, os.path.abspath(__file__), "--keep"]
        subprocess.Popen.__init__(self, command, env=env, cwd=HERE, stdin=subprocess.DEVNULL, start_new_session=True)

    def why_failed(self, status):
        first = noted() or {}
        return status_noted(first, 126 if "failure" in first else status)


def start_keepers(own, group, ports):
    sets = sets_of(group)
    for node, serves in sorted(sets):
        known = {"ports": ports, "hosts": HOSTS, "node": node, "serves": serves, "sets": sum(1 for one, _ in sets if one == node)}
        child = Keeper(known)
        own.alive[child.pid] = (sets[(node, serves)][0], child)


def keep(group):
    known = json.loads(os.environ.pop("MALACHITE_GROUP"))
    HOSTS.extend(known["hosts"])
    node = known["node"]
    asked = []
    line = []

    def on_ask(*_):
        if not asked:
            asked.append(True)
            for one in line:
                write_line(one, {"ask": True})

    when_asked(on_ask)
    line.append(reach_pod(node, asked, known))
    if asked:
        write_line(line[0], {"ask": True})
    end_as(stand_for(node, line[0]))


def stand_for(node, line, first_known=lambda: None, is_over=lambda: False):
    """What another pod says of the processes there, until they have ended: how."""
    trouble = "the connection to it broke"
    try:
        with line.makefile("r", encoding="ascii") as words:
            for word in words:
                told = json.loads(word)
                if "say" in told:
                    say(told["say"])
                if "killed" in told:
                    with open(KILLED, "w") as file:
                        file.write("oom_kill %d\n" % told["killed"])
                if told.get("first") is not None:
                    note(told["first"])
                    first_known()
                if "end" in told:
                    return told["end"]
    except (OSError, ValueError) as error:
        trouble = error
    if is_over():
        end_as(1)
    lose_pod(node, trouble)


def killed_here():
    """How many processes of this pod the kernel has killed for memory."""
    count = 0
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path) as file:
                count += sum(int(line.split()[1]) for line in file if line.startswith("oom_kill "))
        except (OSError, ValueError, IndexError):
            pass
    return count


def run_pod(group):
    """All pods but the first. It is the first process of its pod: what others leave behind becomes its child."""
    import random
    import time

    os.environ.pop("${POD_NAMES.count}", None)
    os.environ.pop("${POD_NAMES.domain}", None)
    address = os.environ.pop("${POD_NAMES.address}")
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    server.bind((address, 0))
    server.listen(16)
    server.settimeout(0.5)
    token = "%032x" % random.SystemRandom().getrandbits(128)
    number = int(os.environ["JOB_COMPLETION_INDEX"])
    new = pod_file(number) + ".new"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"address": address, "port": server.getsockname()[1], "token": token}, file)
    os.rename(new, pod_file(number))
    asked = []
    when_asked(lambda *_: asked.append(True))
    before = killed_here()
    sets, wanted, ended, good = {}, 1, 0, True
    while ended < wanted:
        try:
            line = server.accept()[0]
            line.settimeout(10)
            hello = read_hello(line, token)
        except OSError:
            hello = None
        if hello is not None:
            wanted = hello["sets"]
            pid = os.fork()
            if pid == 0:
                server.close()
                run_set(group, awake(line), hello, before)
            sets[pid] = True
            line.close()
        while True:
            try:
                pid, how = os.waitpid(-1, os.WNOHANG)
            except OSError:
                break
            if pid == 0:
                break
            if sets.pop(pid, False):
                ended += 1
                if how == TAKEN << 8:
                    asked.append(True)
                else:
                    good = good and how == 0
        if not sets and (asked or any(name in os.listdir(HERE) for name in OVER)):
            break
    # Of a pod that is taken away the cluster forgets why when it has ended: so the run's end is to be there before.
    for _ in range(50 if asked else 0):
        if any(name in os.listdir(HERE) for name in OVER):
            break
        time.sleep(0.2)
    os._exit(0 if good else 1)


def read_hello(line, token):
    words = b""
    while not words.endswith(b"\n"):
        some = line.recv(65536)
        if not some or len(words) > 16 << 20:
            line.close()
            return None
        words += some
    try:
        hello = json.loads(words.decode("ascii"))
        if hello.pop("token", None) == token:
            return hello
    except (ValueError, AttributeError):
        pass
    line.close()
    return None


def run_set(group, line, known, before):
    import time

    HOSTS.extend(known["hosts"])
    LINE.append(line)
    own = Group(group)
    own.of_node = True
    when_asked(own.on_ask)
    over = []

    def listen():
        try:
            with line.makefile("r", encoding="ascii") as words:
                for word in words:
                    if "ask" in json.loads(word):
                        known["asked"] = True
                        os.kill(os.getpid(), signal.SIGTERM)
        except (OSError, ValueError):
            pass
        own.ending = True
        while not over:
            own.each(signal.SIGKILL)
            time.sleep(0.2)

    beside(listen)
    if "command" in known:
        status = run_daemon(own, group, known)
        first = noted()
    else:
        status = run_processes(own, group, known["ports"], processes_on(group, known))
        first = noted() if own.failed is not None else None
    over.append(True)
    killed = killed_here() - before
    told = {"end": status, "first": first}
    if killed > 0:
        told["killed"] = killed
    write_line(line, told)
    os._exit(TAKEN if own.asked and "asked" not in known else 0)


`;
