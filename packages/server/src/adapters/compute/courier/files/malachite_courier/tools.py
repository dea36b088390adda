"""Tools for environments that the target names: where they are on this machine, and what their setup file sets. What it sets, the run has too."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

from .cache import cache_folder
from .folder import Wrong

# A file that loads modules of a large site may take its time.
SETUP_WITHIN = 120
VERSION_WITHIN = 20
# What the program loader reads is kept from the start script, which gives it to the command under these names.
OF_LOADER = ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT")
# What a shell changes by itself.
OF_SHELL = ("PWD", "OLDPWD", "SHLVL", "_", "IFS", "PS1", "PS2", "PS4", "PPID", "OPTIND")
# Names of package caches of their own, see use(); so long after its last run one goes.
OF_TOOLS = re.compile(r"^(uv|pip)-[0-9a-f]{16}(\.gone)?\Z")
GONE = ".gone"
UNUSED_AFTER = 30 * 24 * 3600
CONDAS = ("micromamba", "mamba", "conda")


def use(folder, job):
    """Makes them those of this process and of all that it starts. Raises Wrong with the last words of a setup file that fails."""
    tools = job.data.get("tools") or {}
    of_run = {}
    if "setup" in tools:
        for name, value in _read_setup(os.path.expanduser(tools["setup"])).items():
            os.environ[name] = value
            of_run["MALACHITE_" + name if name in OF_LOADER else name] = value
    if tools.get("toolPath"):
        os.environ["PATH"] = of_run["PATH"] = os.pathsep.join(folders(job) + [os.environ.get("PATH", os.defpath)])
    if tools.get("setup") or tools.get("toolPath"):
        # What is compiled with other tools, or with what a setup file sets, is another package under the same name.
        told = "%s %s" % (tools.get("toolPath"), _text_hash(tools))
        own = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        for name, kind in (("UV_CACHE_DIR", "uv"), ("PIP_CACHE_DIR", "pip")):
            os.environ[name] = os.path.join(cache_folder(folder), "%s-%s" % (kind, own))
            os.makedirs(os.environ[name], exist_ok=True)
            os.utime(os.environ[name])
    _prune(cache_folder(folder))
    if "packageIndex" in tools:
        os.environ["UV_DEFAULT_INDEX"] = os.environ["PIP_INDEX_URL"] = tools["packageIndex"]
    # What the definition gives the run goes before either.
    job.data["environment"] = dict(of_run, **job.data["environment"])


def _prune(home):
    """Packages that were kept for tools which no run has used for long: those of a target whose tools or setup file have changed."""
    for name in os.listdir(home):
        if not OF_TOOLS.match(name):
            continue
        path = os.path.join(home, name)
        try:
            # What is being removed has another name, so that no run begins to use what is half gone.
            if not name.endswith(GONE):
                if time.time() - os.stat(path).st_mtime < UNUSED_AFTER:
                    continue
                os.rename(path, path + GONE)
            shutil.rmtree(path if name.endswith(GONE) else path + GONE, ignore_errors=True)
        except OSError:
            pass  # Another run removes it too.


def folders(job):
    """In which tools are looked for before all else."""
    return [os.path.expanduser(one) for one in (job.data.get("tools") or {}).get("toolPath") or []]


def marks(job):
    """What of them makes another environment of the same dependencies; None where the target names none. To be asked after `use`."""
    tools = job.data.get("tools") or {}
    told = [tools.get("packageIndex"), tools.get("toolPath"), tools.get("setup")]
    if not any(told):
        return None
    told.append(_text_hash(tools))
    if tools.get("toolPath") or tools.get("setup"):
        names = CONDAS if job.data["build"].get("conda") else ("uv",)
        tool = next((path for path in map(shutil.which, names) if path), None)
        told += [tool, tool and _version(tool)]
    return told


def _text_hash(tools):
    """Of the setup file as it is now; None where there is none."""
    if not tools.get("setup"):
        return None
    with open(os.path.expanduser(tools["setup"]), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _version(tool):
    try:
        told = subprocess.run(
            [tool, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=VERSION_WITHIN
        )
        return told.stdout.decode("utf-8", "replace").split("\n")[0].strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _read_setup(path):
    """The variables that the file sets or changes, when a shell reads it. What it prints is nobody's; its last words are told when it fails."""
    before = dict(os.environ)
    # Its name is an argument, and never part of what the shell reads; a function has none, which such a file could take for its own.
    script = (
        'mal_file=$1 mal_python=$2; mal_read() { . "$mal_file" >&2; }; shift 2; mal_read || exit;'
        ' exec "$mal_python" -c "import os, sys; sys.stdout.buffer.write(bytes(1).join(n + b\'=\' + v for n, v in os.environb.items()))"'
    )
    try:
        told = subprocess.run(
            ["sh", "-c", script, "sh", path, sys.executable],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SETUP_WITHIN,
        )
    except subprocess.TimeoutExpired:
        raise Wrong("The setup file %s did not end within %d s." % (path, SETUP_WITHIN), 125, "environment")
    if told.returncode != 0 or not told.stdout:
        words = told.stderr.decode("utf-8", "replace").strip()[-1000:] or "it ended with %d" % told.returncode
        raise Wrong("The setup file %s failed: %s" % (path, words), 125, "environment")
    pairs = [pair.partition("=") for pair in told.stdout.decode("utf-8", "surrogateescape").split("\0")]
    return {
        name: value
        for name, _, value in pairs
        if before.get(name) != value and name not in OF_SHELL and not name.startswith("MALACHITE_")
    }
