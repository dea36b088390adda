"""courier.pyz --folder F --service URL [--grace SECONDS] [--node N --address A]"""
import argparse
import json
import os
import signal
import sys

from .courier import NO_END, Courier
from .folder import Busy, Folder, Wrong
from .http_link import HttpLink, write_authority
from .links import Ended, Refused
from .meeting import Meeting
from .say import say

# How it ends, besides 0 for all that was to be done.
NOT_WANTED = 1
BUSY = 75
TOKEN = "AZUREML_RUN_TOKEN"


class Wishes:
    """What signals ask for. `asked`: the run is to end; `hurry`: nobody waits for what could still be sent."""

    def __init__(self, grace):
        self.asked = False
        self.hurry = False
        self._grace = grace
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on)
        # A run goes on when the terminal or the connection that started it ends.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _on(self, *_):
        self.hurry = self.asked
        self.asked = True

    def grace(self):
        """Seconds that the run has to end, from when it was asked to."""
        return self._grace


def main(arguments):
    parser = argparse.ArgumentParser(prog="courier.pyz")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--grace", type=float, default=10.0)
    # Of a run whose nodes have a courier each.
    parser.add_argument("--node", type=int)
    parser.add_argument("--address")
    # Of the names JOB-NODE.JOB, where the engine has such.
    parser.add_argument("--domain")
    asked = parser.parse_args(arguments)
    wishes = Wishes(asked.grace)
    folder = Folder(asked.folder)
    secrets = take_secrets(folder)
    link = link_of(asked.service, folder, secrets, asked.node or 0)
    meeting = None
    if asked.node is not None:
        meeting = Meeting(folder, link, asked.node, asked.address, names_of(asked.domain) if asked.domain else None)
    try:
        held = folder.hold()
        try:
            return Courier(folder, link, secrets, wishes, meeting=meeting).work()
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
    except TimeoutError as closed:
        say(str(closed))
        return NO_END


def take_secrets(folder):
    """What must not be in the environment of the tools that build, nor in that of this process for anyone to read."""
    text = os.environ.pop("MALACHITE_SECRETS", None)
    if text is not None:
        return {str(name): str(value) for name, value in json.loads(text).items()}
    return folder.read_json("secrets.json") or {}


def names_of(domain):
    return lambda node: "%s-%d.%s" % (domain, node, domain)


def link_of(service, folder, secrets, node=0):
    authority = os.environ.get("MALACHITE_CA")
    path = write_authority(authority) if authority else folder.inside("ca.pem")
    return HttpLink(service, secrets.get(TOKEN) or os.environ.get(TOKEN) or "", path, node)
