"""The script's processes: who they are, and how all of them are ended, also those that left their group."""
import os
import signal
import subprocess
import sys
import time

POSIX = os.name == "posix"
# Processes that cannot be killed (waiting for a disk) are left behind after this time.
KILL_SECONDS = 30.0


def adopt_orphans():
    """On Linux, processes whose parent ended become ours instead of the system's, so they can still be found."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    except (ImportError, OSError, AttributeError):
        pass  # Then the group is all there is.


def start_time(pid):
    """When the process began, as the system writes it; empty when there is no such process or no way to tell."""
    facts = _stat(pid)
    if facts is not None:
        return facts[19]
    if not POSIX or os.path.isdir("/proc/self"):
        return ""
    try:
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return told.stdout.decode("ascii", "replace").strip()
    except OSError:
        return ""


def parent(pid):
    """The process that has started it, or has taken it over; 0 where there is no such process or no way to tell."""
    facts = _stat(pid)
    return int(facts[1]) if facts is not None else 0


class Tree:
    """All processes of one script. `leader` is its first; it leads a group and session of its own."""

    def __init__(self, leader, roots):
        self.leader = leader
        # Descendants of these belong to the tree: the agent itself, and on a second start the script left behind.
        self._roots = roots

    def alive(self):
        """True while one of them lives. A zombie does not, and ours are laid to rest here."""
        if not POSIX:
            return _windows_alive(self.leader)
        members = self.members()
        return self._group_alive() if members is None else bool(members)

    def ask_to_end(self):
        """SIGTERM to each of them, once; a stopped one is woken to take it."""
        if not POSIX:
            os.kill(self.leader, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
            return
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def kill(self):
        """Ends all of them now. False when some could not be ended in time."""
        deadline = time.monotonic() + KILL_SECONDS
        while self.alive():
            if time.monotonic() > deadline:
                return False
            if POSIX:
                self._signal(signal.SIGKILL)
            else:
                subprocess.call(
                    ["taskkill", "/T", "/F", "/PID", str(self.leader)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            time.sleep(0.02)
        return True

    def stop(self, grace_seconds, hurry=lambda: False):
        """Asks all of them to end, waits, and ends those that did not. `hurry` cuts the waiting short."""
        deadline = time.monotonic() + grace_seconds
        try:
            self.ask_to_end()
        except OSError:
            pass
        while self.alive() and time.monotonic() < deadline and not hurry():
            time.sleep(0.02)
        return self.kill()

    def _signal(self, number):
        if self._group_alive():
            _quietly(os.killpg, self.leader, number)
        for pid, group in (self.members() or {}).items():
            if group != self.leader:
                _quietly(os.kill, pid, number)

    def _group_alive(self):
        members = self.members()
        if members is not None:
            return self.leader in members.values()
        try:
            os.killpg(self.leader, 0)
            return True
        except OSError:
            return False

    def members(self):
        """{pid: group} of the living, or None where the system does not show them."""
        if not os.path.isdir("/proc/self"):
            return None
        parents = {}
        facts = {}
        for name in os.listdir("/proc"):
            found = _stat(name) if name.isdigit() else None
            if found is not None:
                facts[int(name)] = found
                parents.setdefault(int(found[1]), []).append(int(name))
        members = {}
        waiting = [pid for root in self._roots for pid in parents.get(root, [])]
        waiting += [pid for pid, found in facts.items() if str(self.leader) in found[2:4]]
        seen = set()
        while waiting:
            pid = waiting.pop()
            if pid in seen:
                continue
            seen.add(pid)
            waiting.extend(parents.get(pid, []))
            if facts[pid][0] not in ("Z", "X"):
                members[pid] = int(facts[pid][2])
            elif int(facts[pid][1]) == os.getpid() and pid != self.leader:
                _quietly(os.waitpid, pid, os.WNOHANG)
        return members


def _stat(pid):
    """The fields of /proc/PID/stat from the state on, or None."""
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            text = file.read()
    except OSError:
        return None
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def _windows_alive(pid):
    told = subprocess.run(["tasklist", "/FI", "PID eq %d" % pid], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return str(pid).encode("ascii") in told.stdout


def _quietly(action, *values):
    try:
        action(*values)
    except OSError:
        pass  # It ended in between.
