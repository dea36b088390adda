"""Tells the service when something of a run that it follows has changed, so that nobody needs to ask. Only hints: asking is the truth."""
import os
import threading
import time

LOOK_EVERY = 0.1
# What nothing has changed in for long is looked at less often.
IDLE_EVERY = 0.5
IDLE_AFTER = 30.0
MOST_FILES = 200


class Watch:
    def __init__(self, wire, folder_of):
        self.wire = wire
        self.folder_of = folder_of
        self.followed = {}
        self.wake = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def follow(self, key, files):
        """`files` besides its logs. What is there already is told as news."""
        known = self.followed.get(key)
        if known is None:
            self.followed[key] = {"files": set(files), "seen": {}, "changed": time.monotonic(), "next": 0.0}
        else:
            known["files"] = set(files)
            known["next"] = 0.0
        self.wake.set()

    def forget(self, key):
        self.followed.pop(key, None)

    def run(self):
        while True:
            if not self.followed:
                self.wake.wait()
            self.wake.clear()
            now = time.monotonic()
            for key, known in list(self.followed.items()):
                if known["next"] > now:
                    continue
                news = self.look(self.folder_of(key), known)
                if news:
                    known["changed"] = now
                    self.wire.send({"event": "news", "key": key, "files": news})
                known["next"] = now + (LOOK_EVERY if now - known["changed"] < IDLE_AFTER else IDLE_EVERY)
            time.sleep(LOOK_EVERY)

    def look(self, folder, known):
        seen = known["seen"]
        news = []
        for path in ["pids", "exit.json"] + self.logs(folder) + list(known["files"]):
            try:
                found = os.lstat(folder + "/" + path)
                now = (found.st_ino, found.st_size, found.st_mtime_ns)
            except OSError:
                now = None
            if seen.get(path) != now:
                seen[path] = now
                news.append(path)
        return news

    def logs(self, folder):
        found = []
        for logs in ("azureml-logs", "user_logs"):
            try:
                names = sorted(os.listdir(folder + "/" + logs))[:MOST_FILES]
            except OSError:
                continue
            found += [logs + "/" + name for name in names if is_plain(name)]
        return found


def is_plain(name):
    try:
        name.encode("utf-8")
        return True
    except UnicodeEncodeError:
        return False
