"""How often the service is asked, and how long to wait in between."""
import random
import time

from .links import Away
from .say import say


def pause(tries, asked=None):
    """Seconds before try number `tries` (from 1): doubling to 5, spread out; what the service asked for wins."""
    if asked is not None:
        return max(0.05, min(asked, 30.0))
    return min(5.0, 0.1 * 2 ** min(tries - 1, 10)) * (0.75 + random.random() / 2)


class Patience:
    """Called with a question, asks it until there is an answer. Raises TimeoutError when somebody does not want to wait any longer."""

    def __init__(self, stop_waiting):
        self._stop_waiting = stop_waiting
        self._tries = 0
        self._failing = None

    def __call__(self, question):
        while True:
            try:
                answer = question()
            except Away as away:
                self._wait(away)
                continue
            if self._failing is not None and time.monotonic() - self._failing > 5:
                say("the service answers again.")
            self._tries, self._failing = 0, None
            return answer

    def _wait(self, away):
        self._tries += 1
        if self._failing is None:
            self._failing = time.monotonic()
        if self._tries in (5, 50) or self._tries % 500 == 0:
            say("the service does not answer (%s); trying again." % away)
        until = time.monotonic() + pause(self._tries, away.asked)
        while time.monotonic() < until:
            if self._stop_waiting():
                raise TimeoutError(str(away))
            time.sleep(min(0.1, max(0.0, until - time.monotonic())))
