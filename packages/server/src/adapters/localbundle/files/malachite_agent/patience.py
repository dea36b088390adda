"""How long the agent waits for a service that is away. While the script runs it never gives up."""
import random
import time

from .console import say


class Patience:
    """Shared by all that call the service. Times are monotonic seconds."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._since = time.monotonic()
        self.abandoned = False
        self._failing = None
        self._told = None

    def hold(self):
        """The script runs: outages are waited out, however long."""
        self._since = None

    def begin(self):
        """Nothing but the service is waited for from here on: an outage ends it after the set time."""
        self._since = time.monotonic()

    def answered(self):
        """The service answered: an outage that comes later has the whole time again."""
        if self._since is not None:
            self._since = time.monotonic()
        if self._told is not None:
            say("the service answers again.")
        self._failing = self._told = None

    def abandon(self):
        """Somebody does not want to wait any longer. Safe in a signal handler: it takes no lock."""
        self.abandoned = True

    def wait(self, problem, seconds):
        """Sleeps before the next try. False when it is time to give up."""
        if self.abandoned or self._left() <= 0:
            return False
        now = time.monotonic()
        if self._failing is None:
            self._failing = now
        # A single lost connection is not worth a word.
        if now - self._failing > 2 and (self._told is None or now - self._told > 60):
            self._told = now
            say("the service does not answer (%s); trying again." % problem)
        until = now + min(seconds, max(0.05, self._left()))
        while not self.abandoned and time.monotonic() < until:
            time.sleep(min(0.1, max(0.0, until - time.monotonic())))
        return not self.abandoned

    def _left(self):
        since = self._since
        return float("inf") if since is None else since + self._seconds - time.monotonic()


def pause(tries, asked=None):
    """Seconds before try number `tries` (from 1): doubling to 15, spread out; what the service asked for wins."""
    if asked is not None:
        return min(asked, 60.0)
    return min(15.0, 0.25 * 2 ** min(tries, 10)) * (0.75 + random.random() / 2)
