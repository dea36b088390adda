"""The runs of one service on this machine: each has a folder, in which the start script of the service is started once."""
import json
import os
import re
import subprocess
import sys
import threading
import time

import far_files
import far_groups
import far_processes
from far_places import Places, has_begun, read_note
from far_wire import Refused

# A script that has claimed writes `pids` within a millisecond; this is for a machine that hardly gets on.
BEGIN_DEADLINE = 30.0
# So long after it was laid down, what has not begun never will.
ABANDONED_AFTER = 24 * 3600
# Of a run whose nodes are machines by themselves, the others than the first have their number behind it.
KEY = re.compile(r"^[a-z0-9-]{1,48}(\+[1-9][0-9]{0,3})?\Z")
# What the service is told of the machine's own environment; runs inherit it.
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR")

TOOL = re.compile(r"^(uv|micromamba|mamba|conda|python|python3(\.\d+)?)\Z")
# Whoever asks whether a setup file works does not wait for long; so long what was found holds.
SETUP_WITHIN = 8
SETUP_TRUSTED = 60


class Runs:
    def __init__(self, root, service):
        self.root = root
        self.service = service
        self.folder = os.path.join(root, "runs", service)
        self.trash = os.path.join(root, "trash")
        self.places = Places(root)

    def prepare(self):
        for folder in (self.root, self.folder, self.trash, self.places.folder(self.service), os.path.join(self.root, "contents")):
            os.makedirs(folder, 0o700, exist_ok=True)
        probe = os.path.join(self.folder, ".probe-%d" % os.getpid())
        with open(probe, "w") as file:
            file.write("x")
        os.unlink(probe)
        threading.Thread(target=self.tidy, daemon=True).start()

    def tidy(self):
        """What was laid down for a run that then began elsewhere, and what an earlier connection has not finished removing."""
        for key in self.keys():
            folder = os.path.join(self.folder, key)
            try:
                if not has_begun(folder) and time.time() - os.stat(folder).st_mtime > ABANDONED_AFTER:
                    self.discard(key)
            except OSError:
                # Released in this moment.
                pass
        for name in os.listdir(self.trash):
            try:
                far_files.remove_tree(os.path.join(self.trash, name))
            except OSError:
                # Another connection removes it too, or something is mounted in it: next time.
                pass

    def path(self, key):
        if not KEY.match(key):
            raise Refused("fault", "%r is no launch key" % key)
        return os.path.join(self.folder, key)

    # Starting.

    def reserve(self, key, slots, gpus):
        return self.places.reserve(self.service, key, self.path(key), slots, gpus)

    def start(self, key, program, secrets, at, limits, node):
        """`program`: the text of far_begin. The process is the start script's own from the moment on at which the environment is there."""
        folder = self.path(key)
        refuse_long(folder, secrets)
        try:
            groups = far_groups.make("%s-%s" % (self.service[:8], key), limits)
        except OSError as error:
            raise Refused("limits", str(error))
        env = inherited()
        env.update(MALACHITE_RUN_FOLDER=folder, MALACHITE_LAUNCH_KEY=key, MALACHITE_SECRETS=json.dumps(secrets))
        env["MALACHITE_CACHE"] = os.path.join(self.root, "cache")
        if node is not None:
            env["MALACHITE_NODE"] = str(node)
        try:
            child = subprocess.Popen(
                [sys.executable, "-c", program, os.path.join(folder, ".courier", "courier.pyz"), folder] + groups,
                env=env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=True,
            )
        except OSError as error:
            far_groups.remove(groups)
            raise Refused("start", os.strerror(error.errno or 0))
        row = far_processes.read_process(child.pid)
        script = {"pid": child.pid, "startTime": row[4] if row else "", "boot": far_processes.boot_id()}
        try:
            far_files.write_whole(folder + "/starter.json", json.dumps(dict(script, group=groups, startedAt=at)))
        except OSError:
            # The run has taken its folder away already: then nobody needs the note.
            pass
        threading.Thread(target=child.wait, daemon=True).start()
        return {"script": script, "group": groups, "startedAt": at}

    def begun(self, key):
        """What has begun in the folder, or None when nothing has and nothing is about to."""
        folder = self.path(key)
        if not os.path.isdir(folder):
            return None
        deadline = time.monotonic() + BEGIN_DEADLINE
        boot = far_processes.boot_id()
        mark = b"MALACHITE_RUN_FOLDER=" + os.fsencode(folder)
        while True:
            starter = read_note(folder, "starter.json")
            groups = far_groups.checked((starter or {}).get("group"))
            pids = read_note(folder, "pids")
            found = pids or (starter if far_processes.is_alive(starter, boot) else None)
            if found is None:
                # In this order: who is alive first, then what was written.
                beginning = far_processes.marked(mark)
                pids = read_note(folder, "pids")
                found = pids
                if found is None and not beginning:
                    if not os.path.exists(folder + "/claim") and not os.path.exists(folder + "/exit.json"):
                        return None
                    # Its script was killed before it wrote a word: it has begun, and will not be begun again.
                    found = {"pid": 0, "startTime": "", "boot": boot}
            if found is not None:
                script = {name: found[name] for name in ("pid", "startTime", "boot")}
                at = found.get("startedAt", 0)
                return {"script": script, "group": groups, "startedAt": at if isinstance(at, int) else 0}
            if time.monotonic() > deadline:
                raise Refused("system", "the start script in %s neither begins nor ends" % folder)
            time.sleep(0.01)

    # Looking.

    def sight(self, key, script, boot):
        folder = self.path(key)
        alive = far_processes.is_alive(script, boot)
        begun = None
        exit_text = far_files.read_small(folder, "exit.json") if os.path.isdir(folder) else None
        if not exit_text and not alive:
            # Where two were started of one launch, the one that is known may be the one that lost.
            begun = self.begun(key)
            if begun is not None and begun["script"]["pid"] != script.get("pid"):
                alive = far_processes.is_alive(begun["script"], boot)
                exit_text = far_files.read_small(folder, "exit.json")
        answer = {"key": key, "alive": alive, "claimed": os.path.exists(folder + "/claim")}
        if exit_text:
            answer["exit"] = exit_text
        if not os.path.isdir(folder):
            answer["lost"] = True
        if alive and not answer["claimed"]:
            stage = why_in(folder, "stage.json")
            if stage:
                answer["phase"] = stage
        meeting = why_in(folder, "meeting.json") if os.path.isdir(folder) else None
        if meeting:
            answer["apart"] = meeting
        return answer

    # Ending.

    def end(self, key, script, group, grace):
        folder = self.path(key)
        groups = far_groups.checked(group)
        if not far_processes.is_alive(script, far_processes.boot_id()):
            begun = self.begun(key)
            if begun is not None:
                script, groups = begun["script"], groups or begun["group"]
        far_processes.end_tree(script, folder, groups, grace, lambda: False)
        return groups

    def release(self, key, script, group):
        if not far_groups.remove(self.end(key, script, group, 0)):
            # What was killed in it is not reaped yet: whoever asks again comes when it is.
            raise Refused("system", "the control group of %s cannot be removed yet" % key)
        self.discard(key)

    def discard(self, key):
        folder = self.path(key)
        self.places.leave(self.service, key)
        moved = os.path.join(self.trash, "%s-%d-%d" % (key, os.getpid(), time.monotonic() * 1000000))
        try:
            os.rename(folder, moved)
        except FileNotFoundError:
            return
        except PermissionError:
            # Moving a folder asks the right to write to it.
            os.close(far_files.open_writable(folder, None))
            os.rename(folder, moved)
        far_files.remove_tree(moved)

    def keys(self):
        return [name for name in os.listdir(self.folder) if not name.startswith(".")]


def why_in(folder, name):
    """What is done before the script runs, as the courier writes it down; or why a node does not join the others."""
    try:
        why = json.loads(far_files.read_small(folder, name) or "{}").get("why")
        return why[:500] if isinstance(why, str) else None
    except (ValueError, AttributeError):
        # Replaced by the run.
        return None


def fault_of_tools(tools):
    """What of them is not here or does not work, in words; None when all is well."""
    folders = [os.path.expanduser(one) for one in tools.get("toolPath") or []]
    for folder in folders:
        if not os.path.isdir(folder):
            return "there is no folder %s there, which toolPath names" % folder
    if folders and not any(has_tool(folder) for folder in folders):
        return "no uv, micromamba, mamba, conda or python is in %s there, which toolPath names" % " or ".join(folders)
    return fault_of_setup(os.path.expanduser(tools["setup"])) if tools.get("setup") else None


def has_tool(folder):
    try:
        return any(TOOL.match(name) and os.access(os.path.join(folder, name), os.X_OK) for name in os.listdir(folder))
    except OSError:
        return False


# By file: when it was read, and what was wrong with it. It may take its time, and is asked for again and again.
read_setups = {}


def fault_of_setup(path):
    try:
        facts = os.stat(path)
    except OSError:
        return "there is no file %s there, which setup names" % path
    key = (path, facts.st_mtime, facts.st_size)
    at, fault = read_setups.get(key, (None, None))
    if at is not None and time.monotonic() - at < (SETUP_TRUSTED if fault is None else 5):
        return fault
    try:
        # Its name is an argument, and never part of what the shell reads.
        told = subprocess.run(
            ["sh", "-c", 'f=$1; g() { . "$f"; }; shift; g', "sh", path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SETUP_WITHIN,
            env=inherited(),
        )
        words = told.stderr.decode("utf-8", "replace").strip().split("\n")[-1][-500:]
        fault = None if told.returncode == 0 else "the setup file %s failed: %s" % (path, words or "it ended with %d" % told.returncode)
    except subprocess.TimeoutExpired:
        fault = "the setup file %s did not end within %d s" % (path, SETUP_WITHIN)
    read_setups.clear()
    read_setups[key] = (time.monotonic(), fault)
    return fault


def refuse_long(folder, secrets):
    """What no program here can be given is refused before anything is started."""
    try:
        with open(folder + "/job.json", encoding="utf-8") as file:
            job = json.load(file)
    except (OSError, ValueError) as error:
        raise Refused("start", "its job cannot be read: %s" % error)
    texts = list(job["argv"]) + ["%s=%s" % pair for pair in list(job["environment"].items()) + list(secrets.items())]
    sizes = [len(text.encode("utf-8", "surrogateescape")) + 9 for text in texts]
    if sum(sizes) > os.sysconf("SC_ARG_MAX") - 8192 or max(sizes, default=0) > 128 * 1024 + 8:
        raise Refused("E2BIG", "Argument list too long")


def inherited():
    found = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    for name, value in os.environ.items():
        if (name in INHERITED or (name.startswith("LC_") and name[3:].isalpha())) and far_files.is_text(value):
            found[name] = value
    return found
