"""The environment of a run whose definition names dependencies: made once on this machine, kept for the next run that asks for
the same. By uv or pip; where conda packages are among them, by the conda of this machine. Not here: what it is made of on the
service (environments/built there)."""
import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from . import kept
from .folders import inside
from .processes import POSIX, Tree, start_time
from .script import StartFailed

LOG = "azureml-logs/20_image_build_log.txt"
CODE = "EnvironmentFailed"
EXIT_CODE = 125
GRACE_SECONDS = 2.0
LAST_LINES = 25
DEEPEST = 10
CONDAS = ("micromamba", "mamba", "conda")
QUESTION = (
    "import sys; v = sys.version_info; "
    "sys.stdout.write('%d.%d.%d %s %s' % (v[0], v[1], v[2], v[3], getattr(sys, '_base_executable', None) or sys.executable))"
)


class Stopped(Exception):
    """The run is to end; `reason` is that of the wishes."""

    def __init__(self, reason):
        Exception.__init__(self, reason)
        self.reason = reason


class Build:
    """One environment. `make` answers its interpreter; `warning` says where it is not quite what was asked for. `marks`: what else it
    is made with that tells it from others. `first`: folders whose pythons go before all others that fit. `use`: once it is made, what the
    processes of the run are to inherit, so that it stays for as long as they live; None where nothing is removed."""

    def __init__(self, job, reason, started, cache=None, marks=None, first=()):
        self._job = job
        self._asked = job.build
        self._reason = reason
        self._started = started
        self._cache = cache or _cache()
        self._marks = marks
        self._first = first
        self._log = None
        self.warning = None
        self.prefix = None
        self.use = None

    def make(self):
        """The path of the python in it. Raises StartFailed with the tool's own last words, Stopped."""
        conda = self._asked.get("conda")
        python, version = self._choose() if conda is None else (None, None)
        requirements, constraints = self._expanded()
        content = [1, sys.platform, python, version, requirements, constraints] + ([conda] if conda else [])
        if self._marks is not None:
            content.append({"made with": self._marks})
        key = hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()[:32]
        self.prefix = os.path.join(self._cache, key)
        windows = ("Scripts", "python.exe") if conda is None else ("python.exe",)
        interpreter = os.path.join(self.prefix, *(("bin", "python") if POSIX else windows))
        ready = os.path.join(self.prefix, kept.READY)
        os.makedirs(self._cache, exist_ok=True)
        kept.prune(self._cache)
        path = self._job.inside(LOG)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with kept.Held(self.prefix, self._leave_off), open(path, "w", encoding="utf-8") as self._log:
            if not os.path.isfile(ready):
                # What an agent that was killed has half made is made anew.
                shutil.rmtree(self.prefix, ignore_errors=True)
                if conda is None:
                    self._say("Python %s of %s." % (version, python))
                    if self.warning:
                        self._say("WARNING: " + self.warning)
                    self._build(python, interpreter, requirements, constraints)
                else:
                    self._build_with_conda(conda, interpreter, requirements, constraints)
                with open(ready, "w"):
                    pass
                self._say("The environment is ready: %s" % self.prefix)
            self.use = kept.use(self.prefix)
        if os.path.getsize(path) == 0:
            os.unlink(path)
        return interpreter

    def variables(self):
        """What says to programs in it which environment they are in."""
        if self._asked.get("conda") is None:
            return {"VIRTUAL_ENV": self.prefix}
        # A prefix of conda would see what its user has installed for all pythons.
        return {"CONDA_PREFIX": self.prefix, "CONDA_DEFAULT_ENV": self.prefix, "PYTHONNOUSERSITE": "1"}

    def _build_with_conda(self, conda, interpreter, requirements, constraints):
        packages = ", ".join(conda["packages"])
        tool = next((path for path in map(shutil.which, CONDAS) if path), None)
        if tool is None:
            text = (
                "The environment holds conda packages (%s), and none of %s is on the PATH of this machine. Install one of them,"
                " name the packages in the pip section, or submit the run to a target of the service."
            )
            raise StartFailed(text % (packages, ", ".join(CONDAS)), CODE, EXIT_CODE)
        self._say("The conda packages %s, by %s." % (packages, tool))
        channels = [part for name in conda["channels"] for part in ("--channel", name)]
        only = ["--override-channels"] if channels else []
        self._run([tool, "create", "--yes", "--prefix", self.prefix] + only + channels + conda["packages"])
        if not os.path.isfile(interpreter):
            text = "The conda packages %s bring no python. Add python=3.x to the dependencies."
            raise StartFailed(text % packages, CODE, EXIT_CODE)
        self._install(None, interpreter, requirements, constraints)

    def _build(self, python, interpreter, requirements, constraints):
        uv = shutil.which("uv")
        if uv:
            self._run([uv, "venv", "--python", python, self.prefix])
            # Scripts count on pip, as in an environment of conda; where the python brings none, it is left out.
            try:
                self._run([interpreter, "-m", "ensurepip"])
            except StartFailed:
                self._say("This python brings no pip; the environment is without.")
        else:
            self._run([python, "-m", "venv", self.prefix])
        self._install(uv, interpreter, requirements, constraints)

    def _install(self, uv, interpreter, requirements, constraints):
        files = os.path.join(self._job.setup, "requirements")
        os.makedirs(files, exist_ok=True)
        flags = []
        if uv:
            requirements, flags = _for_uv(requirements)
            install = [uv, "pip", "install", "--python", interpreter, "--index-strategy", "unsafe-best-match"]
        else:
            install = [interpreter, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        if not any(not line.startswith("-") for line in requirements):
            return
        install = install + flags + ["-r", _written(files, "requirements.txt", requirements)]
        if constraints:
            install += ["-c", _written(files, "constraints.txt", constraints)]
        self._run(install)

    def _run(self, arguments):
        variables = {name: value for name, value in os.environ.items() if name != "AZUREML_RUN_TOKEN"}
        options = {"start_new_session": True} if POSIX else {"creationflags": 0x200}
        try:
            process = subprocess.Popen(
                arguments,
                cwd=self._job.setup,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                **options
            )
        except OSError as error:
            raise StartFailed("The environment could not be made: %s." % error, CODE, EXIT_CODE)
        self._started({"pid": process.pid, "start": start_time(process.pid)})
        last = collections.deque(maxlen=LAST_LINES)
        reader = threading.Thread(target=self._hear, args=(process.stdout, last), daemon=True)
        reader.start()
        while process.poll() is None:
            reason = self._reason()
            if reason is not None:
                Tree(process.pid, [os.getpid()]).stop(GRACE_SECONDS)
                process.wait()
                raise Stopped(reason)
            time.sleep(0.05)
        reader.join(5)
        if process.returncode != 0:
            words = "\n".join(last).strip() or "%s ended with %d." % (arguments[0], process.returncode)
            raise StartFailed("The environment could not be made:\n%s" % words[-4000:], CODE, EXIT_CODE)

    def _hear(self, stream, last):
        for block in stream:
            line = block.decode("utf-8", "replace").rstrip()
            line = _without_logins(line)
            last.append(line)
            self._say(line)

    def _say(self, line):
        self._log.write(line + "\n")
        self._log.flush()

    def _leave_off(self):
        reason = self._reason()
        if reason is not None:
            raise Stopped(reason)

    def _choose(self):
        """The newest python of this machine that fits, else the newest patch of the minor that is asked for."""
        wanted = self._asked["python"]
        own = sorted(_pythons(_in_folders(self._first)), key=lambda one: _numbers(one[1]), reverse=True)
        for python, version in own:
            if not wanted or any(all(holds(_numbers(version), atom) for atom in atoms) for atoms in wanted):
                return python, version
        found = list(pythons())
        newest_first = sorted(found, key=lambda one: _numbers(one[1]), reverse=True)
        if not wanted and found:
            return found[0]
        for python, version in newest_first:
            if any(all(holds(_numbers(version), atom) for atom in atoms) for atoms in wanted):
                return python, version
        for atoms in wanted:
            if len(atoms) != 1 or atoms[0]["op"] not in ("=", "=="):
                continue
            for python, version in newest_first:
                if _numbers(version)[:2] == atoms[0]["version"][:2]:
                    exact = ".".join(str(number) for number in atoms[0]["version"])
                    told = "Python %s is used: %s is not on this machine, and %s is the newest of the same minor that is."
                    self.warning = told % (version, exact, version)
                    return python, version
        here = ", ".join("%s (%s)" % (version, python) for python, version in found)
        text = "The environment asks for python%s, and this machine has none that fits. There are: %s."
        raise StartFailed(text % (self._asked.get("asked", ""), here or "none"), "InterpreterNotFound", 127)

    def _expanded(self):
        """(lines of requirements, lines of constraints), with the files of the project that they name in their place."""
        requirements, constraints = [], []
        self._expand(self._asked["pip"], "", requirements, constraints, 0)
        return requirements, constraints

    def _expand(self, lines, folder, into, constraints, depth):
        for line in lines:
            line = re.sub(r"(^|\s)#.*$", "", line).strip()
            found = re.match(r"^(-r|--requirement|-c|--constraint)[\s=]*(.+)$", line)
            if not line:
                continue
            if not found:
                into.append(line)
                continue
            name = os.path.normpath(os.path.join(folder, found.group(2).strip("'\""))).replace(os.sep, "/")
            path = inside(self._job.folder, name)
            if path is None or depth == DEEPEST:
                raise StartFailed("The pip section reads %r, which is no file of the project." % name, CODE, EXIT_CODE)
            try:
                with open(path, encoding="utf-8") as file:
                    inner = re.sub(r"\\\r?\n", " ", file.read()).splitlines()
            except (OSError, ValueError) as error:
                raise StartFailed("The pip section reads %r: %s." % (name, error), CODE, EXIT_CODE)
            target = constraints if found.group(1) in ("-c", "--constraint") else into
            self._expand(inner, os.path.dirname(name), target, constraints, depth + 1)


def holds(version, atom):
    """Whether a version, as a list of numbers, meets one condition of a conda constraint."""
    wanted = atom["version"]
    longest = max(len(version), len(wanted))
    left = list(version) + [0] * (longest - len(version))
    right = list(wanted) + [0] * (longest - len(wanted))
    order = (left > right) - (left < right)
    operator = atom["op"]
    if operator == "=":
        return left[: len(wanted)] == list(wanted)
    if operator == "~=":
        return order >= 0 and left[: len(wanted) - 1] == list(wanted[:-1])
    meets = {"==": order == 0, "!=": order != 0, ">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0}
    return meets[operator]


def pythons():
    """Yields (real path, version) of each: the agent's own, those on the PATH, those of pyenv. Each binary once."""
    pyenv = os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions")
    candidates = [sys.executable] + _in_folders(os.environ.get("PATH", "").split(os.pathsep))
    if os.path.isdir(pyenv):
        candidates += [os.path.join(pyenv, name, "bin", "python3") for name in sorted(os.listdir(pyenv))]
    return _pythons(candidates)


def _in_folders(folders):
    found = []
    for folder in folders:
        names = sorted(os.listdir(folder)) if os.path.isabs(folder) and os.path.isdir(folder) else []
        found += [os.path.join(folder, name) for name in names if re.match(r"^python(3(\.\d+)?)?(\.exe)?$", name)]
    return found


def _pythons(candidates):
    seen, told = set(), set()
    for candidate in candidates:
        real = os.path.realpath(candidate)
        if real in seen or not os.access(real, os.X_OK) or not _is_askable(real):
            continue
        seen.add(real)
        answer = _answer(candidate)
        if answer is not None and answer[0] not in told:
            told.add(answer[0])
            yield answer


def _answer(python):
    try:
        told = subprocess.run(
            [python, "-I", "-S", "-c", QUESTION], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
        )
        version, level, path = told.stdout.decode("utf-8").split(" ", 2)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if told.returncode != 0 or level != "final" or not version.startswith("3."):
        return None
    return os.path.realpath(path), version


def _is_askable(path):
    """Of scripts, such as pyenv's shims, only the machine's own python: asking takes each a tenth of a second and more."""
    if re.match(r"^python3?$", os.path.basename(path)):
        return True
    try:
        with open(path, "rb") as file:
            return file.read(2) != b"#!"
    except OSError:
        return False


def _for_uv(lines):
    """What uv reads in no file becomes a flag."""
    kept, flags = [], []
    for line in lines:
        host = re.match(r"^--trusted-host[\s=]+(\S+)$", line)
        if line == "--pre":
            flags += ["--prerelease", "allow"]
        elif line == "--require-hashes":
            flags += ["--require-hashes"]
        elif host:
            flags += ["--allow-insecure-host", host.group(1)]
        else:
            kept.append(line)
    return kept, flags


def _written(folder, name, lines):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _cache():
    if not POSIX and os.environ.get("LOCALAPPDATA"):
        home = os.environ["LOCALAPPDATA"]
    else:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "malachite", "environments")


def _numbers(version):
    return [int(part) for part in version.split(".")]


def _without_logins(text):
    text = re.sub(r"(://[^\s/]+/t/)[A-Za-z0-9-]{8,}(?=/)", r"\1****", text)
    return re.sub(r"([a-zA-Z][a-zA-Z0-9+.-]*://)(?!git@)[^\s/@]+@", r"\1", text)
