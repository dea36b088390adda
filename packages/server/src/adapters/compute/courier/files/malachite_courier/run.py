"""Starts the run by its start script, sees it end, and ends it when it is to."""
import json
import os
import signal
import subprocess
import time

from malachite_agent.processes import Tree, parent, start_time

# So long the start script may take to write down how its command ended, once that has.
LAST_WORDS_SECONDS = 10.0
# So long the start script may take until it has written down that it has begun.
BEGIN_SECONDS = 2.0
# So long is looked for all before those that were found are killed.
FORCE_SECONDS = 1.0
# Longer texts have no place in an exit record.
FAILURE_LETTERS = 1500
RECORD_BYTES = 3500


class Engine:
    """What an engine gives the run that a machine by itself does not. `options`: of the start script. `variables`: as a dict. `kept`:
    names of those that a plan does not change, as which GPUs it has. `spared`: tells the processes of the engine's own below this one."""

    def __init__(self, options=(), variables=None, kept=(), spared=lambda: ()):
        self.options = options
        self.variables = variables or {}
        self.kept = kept
        self.spared = spared


NO_ENGINE = Engine()


class Script:
    """The start script: one that was started here, or one that an earlier courier has left running."""

    def __init__(self, folder, pid=None, process=None, engine=NO_ENGINE):
        self._folder = folder
        self._process = process
        self.pid = pid if process is None else process.pid
        self._start = start_time(self.pid)
        self._engine = engine
        self._since = None
        self._heard = False

    def ended(self):
        """Whether nothing more is to be expected of it."""
        if self._process is not None:
            return self._process.poll() is not None
        return self._start == "" or start_time(self.pid) != self._start

    def stop(self, grace):
        """Asks everything below the script to end; forces it when the grace is over. To be called again and again."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        late = now - self._since
        # What is there before is the start script's own tools, and it needs them.
        if late < BEGIN_SECONDS and not self._folder.has("pids"):
            return
        if late > grace or grace <= 0:
            self._force()
        elif not self._heard:
            for pid in self._others():
                self._heard = True
                _send(pid, signal.SIGTERM)
                _send(pid, signal.SIGCONT)
        if late > grace + BEGIN_SECONDS + LAST_WORDS_SECONDS:
            _send(self.pid, signal.SIGKILL)

    def _force(self):
        """All are stopped before the first is killed: those that replace each other all the time would not be caught otherwise."""
        stopped = set()
        deadline = time.monotonic() + FORCE_SECONDS
        while time.monotonic() < deadline:
            new = [pid for pid in self._others() if pid not in stopped]
            if not new:
                break
            for pid in new:
                _send(pid, signal.SIGSTOP)
            stopped.update(new)
        for pid in stopped:
            _send(pid, signal.SIGKILL)

    def end_leftovers(self):
        """What the script has left running when it ended."""
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while time.monotonic() < deadline:
            left = list(self._others())
            if not left:
                return
            self._force()
            time.sleep(0.05)

    def _others(self):
        members = Tree(self.pid, [os.getpid(), self.pid]).members()
        if members is None:
            # No /proc: the script's own group is all there is to find.
            try:
                told = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE).stdout.split()
            except OSError:
                return []
            numbers = [int(one) for one in told]
            below = {self.pid}
            for _ in range(50):
                below |= {pid for pid, parent in zip(numbers[::2], numbers[1::2]) if parent in below}
            return below - {self.pid}
        spared = set(self._engine.spared())
        return [pid for pid in members if pid != self.pid and not (spared and _is_below(pid, spared))]


def prepared(folder, job, secrets, options=(), engine=NO_ENGINE):
    """Arguments and environment of the start script, now that the python of the run is there; the processes of a group are a file."""
    if "group" in job.data:
        # Texts that name ports hold a NUL, which stays.
        folder.write("group.json", json.dumps(job.fill(job.data["group"])))
    arguments = ["/bin/sh", folder.inside("start.sh"), folder.path, "--at", str(int(time.time() * 1000))]
    arguments += list(options) + list(engine.options) + ["--"] + job.fill(job.data["argv"])
    env = job.environment(secrets, engine.variables, engine.kept)
    return [_bytes(one) for one in arguments], {_bytes(name): _bytes(value) for name, value in env.items()}


def begin(folder, job, secrets, engine=NO_ENGINE):
    """Starts it. The start script claims the folder: a second one ends at once and touches nothing."""
    arguments, env = prepared(folder, job, secrets, engine=engine)
    process = subprocess.Popen(
        arguments,
        cwd=folder.path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=job.inherited,
    )
    return Script(folder, process=process, engine=engine)


def earlier(folder):
    """The script that an earlier courier has started, if it still runs."""
    pids = folder.read_json("pids") or {}
    pid = pids.get("pid")
    if not isinstance(pid, int) or (pids.get("startTime") or "") != start_time(pid):
        return None
    return Script(folder, pid=pid)


def note_failure(folder, failure, started):
    """The exit record of a run whose script could not be started."""
    record = {
        "version": 1,
        "code": failure.exit_code,
        "startedAt": int(started * 1000),
        "endedAt": int(time.time() * 1000),
        "failure": str(failure)[-FAILURE_LETTERS:],
    }
    if failure.stage:
        record["stage"] = failure.stage
    while len(json.dumps(record)) > RECORD_BYTES:
        record["failure"] = record["failure"][len(record["failure"]) // 4 :]
    folder.write("exit.json", json.dumps(record))


def note_stopped(folder, started):
    """The same of one that was ended before its script began."""
    now = int(time.time() * 1000)
    record = {"version": 1, "code": None, "signal": "SIGTERM", "startedAt": int(started * 1000), "endedAt": now}
    folder.write("exit.json", json.dumps(record))


def _is_below(pid, tops):
    while pid > 1:
        if pid in tops:
            return True
        pid = parent(pid)
    return False


def _send(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass  # It ended in between.


def _bytes(text):
    return text.encode("utf-8", "surrogateescape")
