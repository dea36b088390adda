"""Begins one run on its machine, in a process that outlives the connection: makes its folders and its environment with the courier's own
means, and then becomes the start script. What cannot be begun leaves an exit record that says why."""
import json
import os
import subprocess
import sys
import time

# A file that loads modules of a large site may take its time.
SETUP_WITHIN = 120
# What the program loader reads is kept from the start script, which gives it to the command under these names.
OF_LOADER = ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT")
# What a shell changes by itself.
OF_SHELL = ("PWD", "OLDPWD", "SHLVL", "_", "IFS", "PS1", "PS2", "PS4", "PPID", "OPTIND")


def use(tools, job, wrong):
    """Makes the tools that the target names those of the environment's making. What the setup file changes, the run has too."""
    if "setup" in tools:
        changed = read_setup(os.path.expanduser(tools["setup"]), wrong)
        for name, value in changed.items():
            os.environ[name] = value
        of_run = {"MALACHITE_" + name if name in OF_LOADER else name: value for name, value in changed.items()}
        job.data["environment"] = dict(of_run, **job.data["environment"])
    if tools.get("toolPath"):
        folders = [os.path.expanduser(one) for one in tools["toolPath"]] + [os.environ.get("PATH", os.defpath)]
        os.environ["PATH"] = os.pathsep.join(folders)
    if "packageIndex" in tools:
        os.environ["UV_DEFAULT_INDEX"] = os.environ["PIP_INDEX_URL"] = tools["packageIndex"]


def read_setup(path, wrong):
    """The variables that the file sets or changes, when a shell reads it. What it prints is nobody's; its last words are told when it fails."""
    before = dict(os.environ)
    # Its name is an argument, and never part of what the shell reads.
    script = '. "$1" >&2 || exit; exec "$2" -c "import os, sys; sys.stdout.write(chr(0).join(n + chr(61) + v for n, v in os.environ.items()))"'
    try:
        told = subprocess.run(
            ["sh", "-c", script, "sh", path, sys.executable],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SETUP_WITHIN,
        )
    except subprocess.TimeoutExpired:
        raise wrong("The setup file %s did not end within %d s." % (path, SETUP_WITHIN), 125, "environment")
    if told.returncode != 0 or not told.stdout:
        words = told.stderr.decode("utf-8", "replace").strip()[-1000:] or "it ended with %d" % told.returncode
        raise wrong("The setup file %s failed: %s" % (path, words), 125, "environment")
    pairs = [pair.partition("=") for pair in told.stdout.decode("utf-8", "surrogateescape").split("\0")]
    after = {name: value for name, _, value in pairs}
    return {
        name: value
        for name, value in after.items()
        if before.get(name) != value and name not in OF_SHELL and not name.startswith("MALACHITE_")
    }


def main():
    archive, path = sys.argv[1:3]
    groups = sys.argv[3:]
    sys.path.insert(0, archive)
    from malachite_agent import builds
    from malachite_courier import arrange, environment, run
    from malachite_courier.folder import Busy, Folder, Wrong
    from malachite_courier.job import Job

    started = time.time()
    secrets = json.loads(os.environ.pop("MALACHITE_SECRETS", "{}"))
    node = os.environ.pop("MALACHITE_NODE", "")
    tools = json.loads(os.environ.pop("MALACHITE_TOOLS", "{}"))
    folder = Folder(path)
    try:
        folder.hold()
    except Busy:
        # Another one is at it.
        return 75
    try:
        job = Job(folder)
        if node:
            job.only(int(node))
        use(tools, job, Wrong)
        arrange.arrange(folder, job)
        environment.make(folder, job, lambda: None)
        arguments, env = run.prepared(folder, job, secrets, [part for group in groups for part in ("--cgroup", group)])
        os.chdir(folder.path)
        os.execve(arguments[0], arguments, env)
    except Wrong as failure:
        run.note_failure(folder, failure, started)
    except builds.Stopped:
        run.note_stopped(folder, started)
    except OSError as error:
        run.note_failure(folder, Wrong("The run could not be started: %s" % error), started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
