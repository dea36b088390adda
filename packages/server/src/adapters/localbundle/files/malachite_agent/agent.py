"""The way of one local run, from its start to the end that the service knows. Each step is a function; see main."""
import os
import signal
import sys
import threading
import time
import traceback

from .builds import LOG as BUILD_LOG
from .builds import Build, Stopped
from .console import say
from .folders import Notes
from .job import Job, iso
from .log import Log
from .outputs import send_outputs
from .patience import Patience
from .processes import Tree, adopt_orphans, start_time
from .project import ProjectError, lay_project
from .script import StartFailed, describe_failure, exit_code_of, find_interpreter, start_script
from .service import TERMINAL, Away, Refused, Service
from .state import Busy, State
from .transport import LocalFileError
from .watch import Wishes
from .watcher import Watcher

GRACE_SECONDS = 10.0
# The agent itself could not do its part; the script's own codes stay free, as env and docker do it.
AGENT_FAILED = 125
CANCELED = 143
INTERRUPTED = 130
OVER_TIME = 124
BROKEN_OFF = b"\n--- the run was broken off here and is started again ---\n"
AGAIN = "The files are kept; start Invocation.sh again to send what is missing."


class Agent:
    """One start of the bundle."""

    def __init__(self, setup):
        self.job = Job(setup)
        self.state = State(self.job)
        self.patience = Patience(_patience_seconds())
        self.service = Service(self.job, self.patience, os.path.join(setup, "ca.pem"))
        self.wishes = Wishes(self.job, self.service)
        self.notes = Notes()
        self.running = False

    def run(self):
        """All steps; returns the exit code."""
        if self.state.phase == "delivered":
            say("run %s has ended as %s; ask the service for a new one." % (self.job.run_id, self.state.end["event"]))
            return AGENT_FAILED
        self.wishes.listen(self._heard)
        status = self.service.status()
        self.wishes.saw(status)
        if self.state.phase == "ended":
            return self._deliver_again()
        if status in TERMINAL:
            say("run %s has already ended as %s; nothing is run." % (self.job.run_id, status))
            return CANCELED if status == "Canceled" else AGENT_FAILED
        adopt_orphans()
        log = self._prepare()
        if log is None:
            return self._deliver(None, None)
        try:
            self.service.event("Start", {"StartTime": iso(time.time())})
        except Refused as refused:
            if refused.status != 409:
                raise
            say("the service does not let the run start: %s" % refused)
            return AGENT_FAILED
        if self.job.only == "prepare":
            return self._look_only(log)
        return self._run_script(log)

    def _look_only(self, log):
        """Nothing is run: the run ends well when there is an interpreter that could."""
        watcher = Watcher(self.job, self.service, self.notes, self._watched(), {self.job.log})
        try:
            environment = self._environment(log, watcher)
            found = "The script would be run by %s.\n" % find_interpreter(self.job, environment)
            log.writing.write(found.encode("utf-8", "backslashreplace"))
            self._end("Completed", None, 0)
        except StartFailed as failed:
            self._end_failed(failed.code, str(failed), failed.exit_code)
        except Stopped as stopped:
            self._end_stopped(stopped.reason)
        return self._deliver(log, watcher)

    def _prepare(self):
        """The folder made ready and the log opened; None when the run has come to its end before it began."""
        try:
            if self.wishes.reason() is None:
                resumed = self._clear_earlier()
                lay_project(self.job, self.service)
                for name in ("outputs", "logs"):
                    os.makedirs(os.path.join(self.job.folder, name), exist_ok=True)
                log = Log(self.job, self.service, resumed)
                if resumed:
                    log.writing.write(BROKEN_OFF)
            if self.wishes.reason() is None:
                return log
            self._end_stopped(self.wishes.reason())
        except Refused as refused:
            self._end_failed("ProjectUnavailable", "The project could not be fetched: %s" % refused, AGENT_FAILED)
        except ProjectError as error:
            self._end_failed(error.code, str(error), AGENT_FAILED)
        except OSError as error:
            self._end_failed("StartFailed", "The run's folder cannot be written: %s" % error, AGENT_FAILED)
        return None

    def _clear_earlier(self):
        """True when an earlier start of this run was broken off; what it left running is ended first."""
        if self.state.phase != "running":
            return False
        script = self.state.script or {}
        if script.get("start") and start_time(script["pid"]) == script["start"]:
            say("the script of an earlier start still runs; it is ended first.")
            Tree(script["pid"], [script["pid"]]).stop(GRACE_SECONDS, lambda: bool(self.wishes.signals))
        return True

    def _run_script(self, log):
        watcher = Watcher(self.job, self.service, self.notes, self._watched(), {self.job.log})
        self.patience.hold()
        self.running = True
        try:
            # Written before the start: a break between the two is a start that is begun again.
            self.state.write("running")
            environment = self._environment(log, watcher)
            process = start_script(self.job, environment, log.writing)
        except StartFailed as failed:
            self._end_failed(failed.code, str(failed), failed.exit_code)
            return self._deliver(log, watcher)
        except Stopped as stopped:
            self._end_stopped(stopped.reason)
            return self._deliver(log, watcher)
        self.state.write("running", {"pid": process.pid, "start": start_time(process.pid)})
        self.wishes.limit(self.job.max_seconds)
        ended = threading.Event()
        threading.Thread(target=lambda: (process.wait(), ended.set()), daemon=True).start()
        if self.job.build is None:
            self._start_helpers(log, watcher)
        reason = None
        while reason is None and not ended.wait(0.1):
            reason = self.wishes.reason()
        self._end_processes(process.pid, reason)
        ended.wait(5)
        self._end_script(reason, process.returncode, log)
        return self._deliver(log, watcher)

    def _start_helpers(self, log, watcher):
        for helper in (log, watcher, self.wishes):
            helper.start()

    def _environment(self, log, watcher):
        """The script's variables; where the definition names dependencies, its interpreter is made first. Raises StartFailed, Stopped."""
        if self.job.build is not None:
            self._start_helpers(log, watcher)
            build = Build(self.job, self.wishes.reason, lambda process: self.state.write("running", process))
            self.job.interpreter = build.make()
            self.job.variables = dict(self.job.variables, **build.variables())
            if build.warning:
                try:
                    self.service.event("Warning", {"Source": "environment", "Message": build.warning})
                except (Refused, Away):
                    pass  # It is in the build log, too.
        return self.job.environment(self.service.token, self.service.token_expires)

    def _end_processes(self, pid, reason):
        tree = Tree(pid, [os.getpid()])
        if reason is not None:
            say("the run is stopped (%s)." % reason)
            gone = tree.stop(GRACE_SECONDS, lambda: len(self.wishes.signals) > 1)
        else:
            # What the script left running could write on after the end; nothing of a run outlives it.
            gone = tree.kill()
        if not gone:
            say("some processes of the run could not be ended.")

    def _end_script(self, reason, returncode, log):
        if reason is not None:
            self._end_stopped(reason)
        elif returncode == 0:
            self._end("Completed", None, 0)
        else:
            text = describe_failure(returncode, log.tail(1 << 16)).replace(self.service.token, "***")
            self._end_failed(None, text, exit_code_of(returncode))

    def _end_stopped(self, reason):
        if reason == "overtime":
            text = "The run took longer than maxRunDurationSeconds (%s s) and was stopped." % self.job.max_seconds
            self._end("Canceled", _error("OverTime", text), OVER_TIME)
        else:
            interrupted = self.wishes.signals[:1] == [signal.SIGINT]
            self._end("Canceled", None, INTERRUPTED if interrupted else CANCELED)

    def _end_failed(self, code, text, exit_code):
        self._end("Failed", _error(code, text), exit_code)

    def _end(self, event, error, exit_code):
        """The end is kept here before the service is told, so that it outlives this process."""
        end = {"event": event, "error": error, "exitCode": exit_code, "at": time.time()}
        self.state.write("ended", self.state.script, end)

    def _deliver_again(self):
        """An earlier start ended the run but could not tell all of it."""
        if not os.path.exists(self.job.inside(self.job.log)):
            return self._deliver(None, None)
        watcher = Watcher(self.job, self.service, self.notes, self._watched(), {self.job.log})
        return self._deliver(Log(self.job, self.service, True), watcher)

    def _deliver(self, log, watcher):
        """Brings the service all it lacks, then the end. The exit code is the script's if that worked."""
        self.running = False
        self.patience.begin()
        end = self.state.end
        try:
            if log is not None:
                self._finish_log(log)
                watcher.finish()
                if self.job.collect_outputs:
                    send_outputs(self.job, self.service, self.notes)
            self._warn()
            self._tell_end(end)
        except (Refused, Away) as problem:
            self._tell_at_least(end)
            told = "the service could not be told all of the run, which ended as %s: %s. %s"
            say(told % (end["event"], problem, AGAIN))
            return end["exitCode"] or AGENT_FAILED
        finally:
            self.wishes.finish()
        self.state.write("delivered", None, end)
        if end["error"]:
            say("%s: %s" % (end["event"], end["error"]["message"].splitlines()[0]))
        return end["exitCode"]

    def _tell_end(self, end):
        # Whoever canceled it on the service has already written that end there.
        if self.wishes.status != "Canceled" or end["event"] != "Canceled":
            self.service.tell_end(end["event"], end["error"], end["at"])

    def _tell_at_least(self, end):
        # Files that nobody waited for come at the next start; a run that is over should not look alive until then. One
        # that completed is not called so without its outputs.
        if self.patience.abandoned and end["event"] != "Completed":
            try:
                self._tell_end(end)
            except (Refused, Away):
                pass  # Said by the caller.

    def _finish_log(self, log):
        try:
            log.finish()
        except (Refused, LocalFileError) as problem:
            self.notes.add(self.job.log, str(problem))

    def _warn(self):
        text = self.notes.text()
        if not text:
            return
        message = "These files were not sent:\n%s" % text
        say(message)
        try:
            self.service.event("Warning", {"Source": "local run", "Message": message})
        except Refused:
            pass  # It was said on the console; the end matters more.

    def _watched(self):
        if not self.job.collect_outputs:
            return []
        built = [BUILD_LOG] if self.job.build is not None else []
        names = ["logs"] + [name for name in self.job.watched if isinstance(name, str)]
        return list(dict.fromkeys(name.rstrip("/\\") or name for name in names + built))

    def _heard(self):
        # While the script runs a signal is a wish that it end, and a second one that it end at once. At any other time
        # it means that nobody wants to wait for the service. Called in a signal handler.
        if not self.running:
            self.patience.abandon()


def _patience_seconds():
    try:
        return max(0.0, float(os.environ.get("MALACHITE_PATIENCE_SECONDS", "600")))
    except ValueError:
        return 600.0


def _error(code, message):
    error = {"code": "UserError", "message": message}
    if code is not None:
        error["innerError"] = {"code": code}
    return error


def main(setup):
    """Runs and ends this process with the exit code; threads that wait for a console or the service do not hold it."""
    code = AGENT_FAILED
    try:
        code = Agent(setup).run()
    except Busy as busy:
        say(str(busy))
    except (Refused, Away) as problem:
        say("the service at %s does not take the run: %s" % (_address(setup), problem))
    except Exception:
        traceback.print_exc()
        say("the agent failed; this is a fault of it, not of the script. %s" % AGAIN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _address(setup):
    try:
        return Job(setup).url
    except Exception:
        return "its address"
