"""courier.pyz run | fetch | start | carry --folder F [--service URL | --stdio] [--grace SECONDS] [--keep-environment]"""
import argparse
import json
import os
import signal
import sys
import threading
import time

from malachite_agent import builds
from malachite_agent.processes import adopt_orphans

from . import arrange, environment, parcel, run
from .folder import Busy, Folder, Wrong
from .home import Home, patiently, say
from .http_link import HttpLink, write_authority
from .job import Job
from .links import Ended, Refused
from .stdio_link import Closed, StdioLink

# How it ends, besides 0 for all that was to be done.
NOT_WANTED = 1
NO_END = 3
BUSY = 75
TOKEN = "AZUREML_RUN_TOKEN"
# For a start that has been asked for and has not come.
START_SECONDS = 30.0


class Wishes:
    """What signals ask for. `asked`: the run is to end; `hurry`: nobody waits for what could still be sent."""

    def __init__(self, work):
        self.asked = False
        self.hurry = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on)
        # A run goes on when the terminal or the connection that started it ends.
        signal.signal(signal.SIGHUP, signal.SIG_IGN if work in ("run", "start") else self._on)

    def _on(self, *_):
        self.hurry = self.asked
        self.asked = True


def main(arguments):
    parser = argparse.ArgumentParser(prog="courier.pyz")
    parser.add_argument("work", choices=("run", "fetch", "start", "carry"))
    parser.add_argument("--folder", required=True)
    parser.add_argument("--service")
    parser.add_argument("--stdio", action="store_true")
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--keep-environment", action="store_true")
    asked = parser.parse_args(arguments)
    wishes = Wishes(asked.work)
    folder = Folder(asked.folder)
    secrets = take_secrets(folder)
    link = link_of(asked, folder, secrets)
    if link is None and asked.work in ("fetch", "carry"):
        parser.error("%s needs --service or --stdio" % asked.work)
    try:
        if asked.work == "fetch":
            parcel.fetch(folder, link, patience(lambda: wishes.asked))
            return 0
        if asked.work == "carry":
            return carry(folder, link, wishes)
        held = folder.hold()
        try:
            return Courier(folder, link, secrets, asked, wishes).work()
        finally:
            os.close(held)
    except Busy:
        say("another courier works in %s." % folder.path)
        return BUSY
    except Ended as ended:
        say("the service wants nothing of this launch any more: %s" % ended)
        return NOT_WANTED
    except (Refused, Wrong) as refused:
        say(str(refused))
        return NOT_WANTED
    except (Closed, TimeoutError) as closed:
        say(str(closed))
        return NO_END


def take_secrets(folder):
    """What must not be in the environment of the tools that build, nor in that of this process for anyone to read."""
    text = os.environ.pop("MALACHITE_SECRETS", None)
    if text is not None:
        return {str(name): str(value) for name, value in json.loads(text).items()}
    return folder.read_json("secrets.json") or {}


def link_of(asked, folder, secrets):
    if asked.stdio:
        return StdioLink()
    if not asked.service:
        return None
    authority = os.environ.get("MALACHITE_CA")
    path = write_authority(authority) if authority else folder.inside("ca.pem")
    return HttpLink(asked.service, secrets.get(TOKEN) or os.environ.get(TOKEN) or "", path)


class patience:
    """Asks a question until there is an answer."""

    def __init__(self, stop_waiting):
        self._stop_waiting = stop_waiting
        self._tries = 0
        self._failing = None

    def __call__(self, question):
        return patiently(question, self._stop_waiting, self)


class Courier:
    """The whole of a run, or with no link only what happens here."""

    def __init__(self, folder, link, secrets, asked, wishes):
        self._folder = folder
        self._link = link
        self._secrets = secrets
        self._asked = asked
        self._wishes = wishes
        self._home = None if link is None else Home(folder, link, lambda: wishes.hurry)
        self._carried = None
        self._failure = None

    def work(self):
        adopt_orphans()
        if self._home is not None:
            self._carried = threading.Thread(target=self._carry, daemon=True)
            self._carried.start()
        try:
            ended = self._run()
        except OSError as error:
            # Its disk is full, or gone.
            raise Wrong("%s: %s" % (self._folder.path, error))
        finally:
            if self._home is not None:
                self._home.finish()
        if self._carried is not None:
            while self._carried.is_alive():
                self._carried.join(0.2)
        if self._failure is not None:
            raise self._failure
        return 0 if ended else NO_END

    def _carry(self):
        try:
            self._home.carry()
        except BaseException as failure:
            self._failure = failure

    def _reason(self):
        """Why to leave off what is being done; None to go on."""
        if self._wishes.asked:
            return "asked"
        return "ended" if isinstance(self._failure, (Ended, Refused)) else None

    def _run(self):
        """True when there is an exit record."""
        folder = self._folder
        started = time.time()
        script = None
        if folder.has("exit.json"):
            self._know_home()
            return True
        if folder.has("claim"):
            self._know_home()
            script = run.earlier(folder)
        else:
            try:
                script = self._begin()
            except Wrong as failure:
                run.note_failure(folder, failure, started)
                return True
            except (builds.Stopped, TimeoutError):
                run.note_stopped(folder, started)
                return True
        if script is not None:
            self._wait(script)
        return folder.has("exit.json")

    def _know_home(self):
        if self._home is not None:
            self._home.know(Job(self._folder))

    def _begin(self):
        folder = self._folder
        if self._link is not None:
            try:
                parcel.fetch(folder, self._link, patience(lambda: self._reason() is not None))
            except Refused as refused:
                raise Wrong("What the run is made of could not be fetched: %s" % refused)
        elif not parcel.is_here(folder):
            raise Wrong("What the run is made of is not in %s." % folder.path)
        job = Job(folder)
        if self._home is not None:
            self._home.know(job)
        arrange.arrange(folder, job)
        environment.make(folder, job, self._reason)
        # The group, and links to data, name folders only; texts that name the python are filled in at the start.
        if "group" in job.data:
            folder.write("group.json", json.dumps(job.fill(job.data["group"])))
        if self._reason() is not None:
            raise builds.Stopped(self._reason())
        return run.begin(folder, job, self._secrets, self._asked.keep_environment)

    def _wait(self, script):
        while not script.ended():
            if self._reason() is not None:
                script.stop(0.0 if self._failure is not None else self._asked.grace)
            time.sleep(0.05)
        # One that was started by an earlier courier may have been seen to end before its record was there.
        deadline = time.monotonic() + 2.0
        while not self._folder.has("exit.json") and time.monotonic() < deadline:
            time.sleep(0.05)
        script.end_leftovers()


def carry(folder, link, wishes):
    """Sends home what another courier's run leaves in the folder, until that has ended."""
    home = Home(folder, link, lambda: wishes.asked)
    done = []

    def watch():
        began = time.monotonic()
        known = False
        while True:
            if not known and folder.has("job.json") and parcel.is_here(folder):
                home.know(Job(folder))
                known = True
            if folder.has("exit.json") or wishes.asked:
                done.append(folder.has("exit.json"))
                break
            if not folder.is_held():
                alive = run.earlier(folder) is not None
                if not alive and (folder.has("claim") or time.monotonic() - began > START_SECONDS):
                    # Looked at once more: it may have been written in between.
                    time.sleep(0.2)
                    done.append(folder.has("exit.json"))
                    break
            time.sleep(0.1)
        home.finish()

    threading.Thread(target=watch, daemon=True).start()
    home.carry()
    return 0 if done and done[0] else NO_END
