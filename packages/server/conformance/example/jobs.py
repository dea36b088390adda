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


def processes(name):
    """Those of a job, whatever sessions and parents they have made: each bears its name in its environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as file:
                marked = (MARK + name.encode()) in file.read().split(b"\0")
            with open("/proc/%s/stat" % pid) as file:
                ended = file.read().rpartition(")")[2].split()[0] in ("Z", "X")
        except OSError:
            continue
        if marked and not ended:
            found.append(int(pid))
    return found


def submit(folder, name, command):
    try:
        os.mkdir(os.path.join(folder, name))
    except FileExistsError:
        return 17
    if os.fork() == 0:
        os.setsid()
        with open(os.path.join(folder, name, "first"), "w") as file:
            file.write(str(os.getpid()))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execvpe(command[0], command, dict(os.environ, JOBS_NAME=name))
    return 0


def main(folder, action, *rest):
    os.makedirs(folder, exist_ok=True)
    if action == "submit":
        return submit(folder, rest[0], list(rest[1:]))
    if action == "list":
        for name in os.listdir(folder):
            print(name, "running" if processes(name) else "over")
    if action == "signal":
        with open(os.path.join(folder, rest[0], "first")) as file:
            first = int(file.read())
        for pid in processes(rest[0]):
            if pid == first:
                continue
            try:
                os.kill(pid, getattr(signal, "SIG" + rest[1]))
                # A stopped process would act on it only when it goes on.
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
    if action == "forget":
        shutil.rmtree(os.path.join(folder, rest[0]), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
