"""The processes of this machine: who is alive, who belongs to a run, and how a whole run is ended."""
import os
import signal
import time

import far_groups

# First and longest wait between two looks, in seconds.
FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.025
# A script begins within milliseconds; after this long it is taken for stuck.
BEGIN_WITHIN = 2.0
# So long the command is given to leave the session of its start script.
LEAVE_WITHIN = 0.25
# A process that is forked while all are read may be missed: so many looks in a row must find none.
EMPTY_LOOKS = 3


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def read_process(pid):
    """(pid, parent, session, state, start time) or None. The name in it may hold anything: read from its last bracket on."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            text = file.read().decode("latin-1")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return pid, int(fields[1]), int(fields[3]), fields[0], fields[19]


def has_ended(row):
    # A zombie has ended; that nobody has reaped it yet is not its fault.
    return row is None or row[3] in "ZX"


def is_alive(script, boot):
    if not script or script.get("pid", 0) <= 0 or script.get("boot") != boot:
        return False
    row = read_process(script["pid"])
    return not has_ended(row) and row[4] == script["startTime"]


def list_processes():
    rows = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            row = read_process(int(name))
            if not has_ended(row):
                rows.append(row)
    return rows


def bears(pid, mark):
    """Whether the process was started with that `NAME=value`. Not knowing, since it is somebody else's, is no."""
    try:
        with open("/proc/%d/environ" % pid, "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:
        return False


def marked(mark):
    return any(bears(row[0], mark) for row in list_processes())


def members(root, mark):
    """Those that bear the mark, their descendants, and whoever shares a session with one. `root`, the start script, is not counted."""
    rows = list_processes()
    own = set(row[0] for row in rows if bears(row[0], mark))
    if root is not None:
        own.add(root)
    sessions = set()
    before = -1
    while before != len(own) + len(sessions):
        before = len(own) + len(sessions)
        for pid, parent, session, _, _ in rows:
            if pid in own:
                sessions.add(session)
            elif parent in own or session in sessions:
                own.add(pid)
    own.discard(root)
    own.discard(os.getpid())
    return own


def send(pid, number):
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        # It ended in between, or has become another user's; it is waited for.
        pass


def end_tree(script, folder, groups, grace, called_off):
    """TERM to all but the start script, KILL after the grace, and returns when none is left: then the script has written the end."""
    boot = boot_id()
    if script["boot"] != boot:
        return
    mark = b"MALACHITE_RUN_FOLDER=" + os.fsencode(folder)
    begun = time.monotonic()
    while time.monotonic() - begun < BEGIN_WITHIN and is_alive(script, boot) and not os.path.exists(folder + "/pids"):
        # Its first tools look like the run's own; killing them would leave a launch that never began and never ended.
        time.sleep(FIRST_PAUSE)
    # What has not begun by now is still making its environment: it has no end to write down, and goes with the rest.
    begins = not os.path.exists(folder + "/claim")
    told = set()
    empty = 0
    wait = FIRST_PAUSE
    while not called_off():
        passed = time.monotonic() - begun
        alive = is_alive(script, boot)
        own = members(script["pid"] if alive else None, mark) | far_groups.members(groups)
        own = set(pid for pid in own if not has_ended(read_process(pid)))
        if begins and alive:
            own.add(script["pid"])
        if not own and not alive:
            empty += 1
            if empty == EMPTY_LOOKS:
                return
            wait = FIRST_PAUSE
        else:
            empty = 0
        row = read_process(script["pid"]) if alive else None
        if row is not None and row[3] == "T":
            send(script["pid"], signal.SIGCONT)
        if passed < grace:
            for pid in own - told:
                row = read_process(pid)
                # Just forked, with the script's traps still its own: what it is sent now is lost.
                if passed < LEAVE_WITHIN and row is not None and alive and row[2] == read_session(script["pid"]):
                    continue
                told.add(pid)
                send(pid, signal.SIGTERM)
                send(pid, signal.SIGCONT)
        elif not far_groups.kill(groups) or passed > grace + 0.5:
            # Stopped first, so that what forks faster than it is read cannot outrun the kill.
            for pid in own:
                send(pid, signal.SIGSTOP)
            for pid in own | members(script["pid"] if alive else None, mark):
                send(pid, signal.SIGKILL)
        time.sleep(wait)
        wait = min(wait * 1.5, LONGEST_PAUSE)


def read_session(pid):
    row = read_process(pid)
    return None if row is None else row[2]
