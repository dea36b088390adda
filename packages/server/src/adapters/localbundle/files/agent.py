"""Runs one run of the service on this machine and reports it. The entry only: malachite_agent does the work."""
import os
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("malachite: Python 3.6 or newer is needed, this is %s.\n" % sys.version.split()[0])
    sys.exit(125)

SETUP = os.path.dirname(os.path.abspath(__file__))
# Isolated mode leaves the script's own folder out of the path.
sys.path.insert(0, SETUP)

from malachite_agent.agent import main  # noqa: E402  (the path must be set first)

if __name__ == "__main__":
    main(SETUP)
