"""What the agent says to the person at the terminal. Not the run's log: that is the script's alone."""
import sys
import threading

_lock = threading.Lock()


def say(text):
    """Writes one message; a terminal that is gone is no reason to stop."""
    with _lock:
        try:
            sys.stderr.write("malachite: %s\n" % text)
            sys.stderr.flush()
        except (OSError, ValueError, UnicodeError):
            pass
