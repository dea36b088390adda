"""Words for people, on stderr: a courier may have no other place for them."""
import sys


def say(text):
    try:
        sys.stderr.write("malachite: %s\n" % text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
