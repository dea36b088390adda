"""The wishes that the run end: from a person, from the service, from the clock. And the sign of life to the service."""
import os
import signal
import threading
import time

from .service import Away, Refused, Transient

POLL_SECONDS = 2.0
HEARTBEAT_SECONDS = 20.0
TIME_TO_LIVE_SECONDS = 120


class Wishes:
    """`reason()` is None while the run may go on, else signal, killfile, service or overtime."""

    def __init__(self, job, service):
        self._job, self._service = job, service
        self._killfile = os.path.join(job.setup, "killfile")
        self._deadline = None
        self._asked_by_service = False
        self.signals = []
        self.status = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def listen(self, on_signal):
        """Signals that end a process become wishes; `on_signal` is called for each and must take no lock."""

        def heard(number, _frame):
            # No lock is taken here: it could be one that the interrupted line holds.
            self.signals.append(number)
            on_signal()

        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            # What nohup or a background shell set to be ignored stays ignored.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, heard)

    def start(self):
        self._thread.start()

    def finish(self):
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def limit(self, seconds):
        """The run may take this long from now on; None for no limit."""
        if seconds is not None:
            self._deadline = time.monotonic() + seconds

    def reason(self):
        if self.signals:
            return "signal"
        if os.path.exists(self._killfile):
            return "killfile"
        if self._asked_by_service:
            return "service"
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return "overtime"
        return None

    def saw(self, status):
        """What the service says of the run. An end that was posted by the script itself is no wish to stop."""
        self.status = status
        if status in ("CancelRequested", "Canceled"):
            self._asked_by_service = True

    def _poll(self):
        beat = time.monotonic()
        while not self._ended.wait(POLL_SECONDS):
            try:
                self.saw(self._service.status(once=True))
                if time.monotonic() >= beat and self.status not in ("Completed", "Failed", "Canceled"):
                    self._service.event("Heartbeat", {"TimeToLiveSeconds": TIME_TO_LIVE_SECONDS}, once=True)
                    beat = time.monotonic() + HEARTBEAT_SECONDS
                self._service.keep_token_fresh()
            except (Transient, Refused, Away):
                pass  # The next round asks again; those who need an answer say so themselves.
