"""A small engine for the example of docs/new-driver.md: jobs of this machine, by name. Stands for whatever has a command line.

jobs.py DIR submit NAME COMMAND...   takes a job; a name that is there is refused with exit code 17
jobs.py DIR list                     a line `NAME STATE` for each job: running, or over
jobs.py DIR signal NAME SIGNAL       to every process of the job but its first, which sees them end and then ends by itself
jobs.py DIR forget NAME              after its end
"""
import os
import shutil
import signal
import sys

MARK = b"JOBS_NAME="


def processes():
    """Those of each job, whatever sessions and parents they have made: each bears its name in its environment. One look for all jobs."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as file:
                names = [one for one in file.read().split(b"\0") if one.startswith(MARK)]
            with open("/proc/%s/stat" % pid) as file:
                ended = file.read().rpartition(")")[2].split()[0] in ("Z", "X")
        except OSError:
            continue
        if names and not ended:
            found.setdefault(names[0][len(MARK):].decode(), []).append(int(pid))
    return found


def others(name, first, hold):
    """The processes of a job but its first. With `hold` they are stopped as they are found: so none gets away by replacing itself."""
    known = []
    while True:
        found = [pid for pid in processes().get(name, []) if pid != first and pid not in known]
        known += found
        if not hold or not found:
            return known
        for pid in found:
            tell(pid, signal.SIGSTOP)


def tell(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def submit(folder, name, command):
    try:
        os.mkdir(os.path.join(folder, name))
    except FileExistsError:
        return 17
    # Closed by the child when it has become the command, and so bears its name.
    begun, begins = os.pipe()
    if os.fork() == 0:
        os.setsid()
        with open(os.path.join(folder, name, "first"), "w") as file:
            file.write(str(os.getpid()))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execvpe(command[0], command, dict(os.environ, JOBS_NAME=name))
    os.close(begins)
    os.read(begun, 1)
    return 0


def main(folder, action, *rest):
    os.makedirs(folder, exist_ok=True)
    if action == "submit":
        return submit(folder, rest[0], list(rest[1:]))
    if action == "list":
        # In this order: what is taken after the look is not told as over.
        names = os.listdir(folder)
        running = processes()
        for name in names:
            print(name, "running" if name in running else "over")
    if action == "signal":
        with open(os.path.join(folder, rest[0], "first")) as file:
            first = int(file.read())
        for pid in others(rest[0], first, hold=rest[1] == "KILL"):
            tell(pid, getattr(signal, "SIG" + rest[1]))
            # A stopped process would act on it only when it goes on.
            tell(pid, signal.SIGCONT)
    if action == "forget":
        shutil.rmtree(os.path.join(folder, rest[0]), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
