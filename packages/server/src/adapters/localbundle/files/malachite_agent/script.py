"""Starts the user's script and tells how it ended, in words and as an exit code."""
import os
import shutil
import signal
import subprocess
import sys

from .processes import POSIX


class StartFailed(Exception):
    """The script could not be started; `exit_code` is what a shell would give."""

    def __init__(self, message, code, exit_code):
        Exception.__init__(self, message)
        self.code = code
        self.exit_code = exit_code


def start_script(job, environment, log_file):
    """The script's process, leader of a group and session of its own. Raises StartFailed."""
    interpreter = find_interpreter(job, environment)
    if job.command:
        arguments, environment = _command(job.command, interpreter, environment)
    else:
        # A script named like an option must not be read as one.
        script = "./" + job.script if job.script.startswith("-") else job.script
        arguments = [interpreter, os.path.join(job.setup, "start.py"), script] + list(job.arguments)
    options = {}
    if POSIX:
        options["start_new_session"] = True
        # As bytes, so that the locale of the agent has no say in what the script gets.
        encode = _bytes
    else:
        options["creationflags"] = 0x200  # CREATE_NEW_PROCESS_GROUP
        encode = str
    try:
        return subprocess.Popen(
            [encode(argument) for argument in arguments],
            cwd=job.folder,
            env={encode(name): encode(value) for name, value in environment.items()},
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            **options
        )
    except (OSError, ValueError) as error:
        exit_code = 127 if isinstance(error, FileNotFoundError) else 126
        raise StartFailed("The script could not be started: %s." % error, "StartFailed", exit_code)


def _command(line, interpreter, environment):
    """What runs the line of a command, and the variables for it: `python` in it is the run's interpreter."""
    folder = os.path.dirname(interpreter)
    path = environment.get("PATH", "")
    if folder:
        path = folder + os.pathsep + path if path else folder
    if POSIX:
        shell = shutil.which("bash", path=path) or "/bin/sh"
        return [shell, "-c", line], dict(environment, PATH=path)
    return [environment.get("COMSPEC", "cmd.exe"), "/c", line], dict(environment, PATH=path)


def find_interpreter(job, environment):
    """The definition's interpreter on this machine, else the Python that runs the agent. Raises StartFailed."""
    wanted = job.interpreter
    if not wanted:
        return sys.executable
    wanted = os.path.expanduser(wanted)
    if os.sep in wanted or "/" in wanted:
        path = os.path.join(job.folder, wanted)
        found = path if os.path.isfile(path) and os.access(path, os.X_OK) else None
    else:
        found = shutil.which(wanted, path=environment.get("PATH"))
        # Every client of v1 sends "python" when nothing was chosen, and many machines have python3 alone.
        if found is None and wanted == "python":
            return sys.executable
    if found is None:
        raise StartFailed(
            "The Python interpreter %r of the run's definition is not on this machine." % job.interpreter,
            "InterpreterNotFound",
            127,
        )
    return found


def exit_code_of(returncode):
    """What a shell would give: a signal is 128 and its number."""
    return returncode if returncode >= 0 else 128 - returncode


def describe_failure(returncode, log_tail):
    """The error text of a script that ended with anything but 0: how, and the last traceback of its log."""
    if returncode >= 0:
        text = "The script ended with exit code %d." % returncode
    else:
        text = "The script was ended by %s." % _signal_name(-returncode)
        if -returncode == getattr(signal, "SIGKILL", None):
            text += " When nobody killed it, the machine ran out of memory."
    traceback = _last_traceback(log_tail)
    return text + ("\n" + traceback if traceback else "")


def _signal_name(number):
    try:
        return "%s (signal %d)" % (signal.Signals(number).name, number)
    except ValueError:
        return "signal %d" % number


def _last_traceback(text, lines=30, letters=4000):
    start = text.rfind("Traceback (most recent call last):")
    # Syntax errors of the script itself come without that line.
    kept = (text[start:] if start >= 0 else "").rstrip() or "\n".join(text.rstrip().splitlines()[-5:])
    kept = "\n".join(kept.splitlines()[-lines:])
    return kept[-letters:].replace("\0", "\ufffd")


def _bytes(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
