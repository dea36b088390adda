"""The whole of a run on this machine: fetched, made ready, started, seen to its end, while its files are carried home."""
import json
import threading
import time

from malachite_agent import builds
from malachite_agent.processes import adopt_orphans

from . import arrange, environment, parcel, run, tools
from .folder import Wrong
from .home import Home
from .job import Job
from .links import Ended, Refused
from .patience import Patience

# There is no exit record.
NO_END = 3


class Courier:
    """`engine`: what the engine gives the run besides, see run.Engine. `meeting`: of a run whose nodes have a courier each."""

    def __init__(self, folder, link, secrets, wishes, engine=run.NO_ENGINE, meeting=None):
        self._folder = folder
        self._link = link
        self._secrets = secrets
        self._wishes = wishes
        self._engine = engine
        self._meeting = meeting
        self._home = Home(folder, link, lambda: wishes.hurry)
        self._failure = None

    def work(self):
        adopt_orphans()
        carried = threading.Thread(target=self._carry, daemon=True)
        carried.start()
        try:
            ended = self._run()
        except OSError as error:
            # Its disk is full, or gone.
            raise Wrong("%s: %s" % (self._folder.path, error))
        finally:
            if self._meeting is not None:
                self._meeting.finish()
            self._home.finish()
        while carried.is_alive():
            carried.join(0.2)
        if self._meeting is not None and self._wishes.asked and self._failure is None:
            self._meeting.wait_for_others(lambda: self._wishes.hurry)
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
        if self._meeting is not None and self._meeting.over():
            return "over"
        return "ended" if isinstance(self._failure, (Ended, Refused)) else None

    def _run(self):
        """True when there is an exit record."""
        folder = self._folder
        started = time.time()
        script = None
        if folder.has("exit.json"):
            self._home.know(Job(folder))
            return True
        if folder.has("claim"):
            self._home.know(Job(folder))
            script = run.earlier(folder)
        else:
            try:
                script = self._begin()
            except Wrong as failure:
                run.note_failure(folder, failure, started)
                return True
            except (builds.Stopped, TimeoutError):
                failure = self._meeting and self._meeting.why_over()
                if failure is not None:
                    run.note_failure(folder, failure, started)
                    return True
                run.note_stopped(folder, started)
                return True
        if script is not None:
            self._wait(script)
            failure = self._meeting and self._meeting.why_over()
            if failure is not None:
                run.note_failure(folder, failure, started)
        return folder.has("exit.json")

    def _begin(self):
        folder = self._folder
        if self._meeting is not None:
            folder.tell("It fetches what the run is made of.")
            self._meeting.watch()
        try:
            parcel.fetch(folder, self._link, Patience(lambda: self._reason() is not None))
        except Refused as refused:
            raise Wrong("What the run is made of could not be fetched: %s" % refused)
        job = Job(folder)
        if self._meeting is not None:
            job.only(self._meeting.node)
        self._home.know(job)
        tools.use(folder, job)
        arrange.arrange(folder, job)
        environment.make(folder, job, self._reason)
        if self._reason() is not None:
            raise builds.Stopped(self._reason())
        secrets = self._secrets
        if self._meeting is not None:
            told = self._meeting.meet(job, secrets.get("AZUREML_RUN_TOKEN", ""), self._reason)
            if told is None:
                raise builds.Stopped(self._reason())
            secrets = dict(secrets, MALACHITE_PART=json.dumps(told))
        return run.begin(folder, job, secrets, self._engine)

    def _wait(self, script):
        while not script.ended():
            if self._reason() is not None:
                script.stop(0.0 if self._failure is not None else self._wishes.grace())
            time.sleep(0.05)
        # One that was started by an earlier courier may have been seen to end before its record was there.
        deadline = time.monotonic() + 2.0
        while not self._folder.has("exit.json") and time.monotonic() < deadline:
            time.sleep(0.05)
        script.end_leftovers()
