"""courier.pyz: see malachite_courier/cli.py."""
import sys

if sys.version_info < (3, 6):
    sys.exit("malachite: runs on this machine need python 3.6 or later; this is %d.%d." % sys.version_info[:2])

from malachite_courier.cli import main

sys.exit(main(sys.argv[1:]))
