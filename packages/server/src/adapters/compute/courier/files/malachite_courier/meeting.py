"""Nodes of a run that share nothing but the network: each has a courier, and they find each other through the service."""
import hashlib
import json
import socket
import threading
import time

from .folder import Wrong
from .links import Ended, Refused
from .patience import Patience
from .say import say

LOOK_SECONDS = 0.2
# While others still make their environment.
LONGEST_LOOK_SECONDS = 2.0
# All nodes together, so that a thousand of them do not keep the service busy with each other.
LOOKS_PER_SECOND = 100.0
# Who is asked to end waits so long for the others: an engine that took one away says why only for as long as that is there.
OTHERS_WITHIN = 10.0
# A node that does not get through to the first one for so long ends the run.
APART_WITHIN = 60.0
# A resolver that nobody answers takes a minute to say so.
NAMES_WITHIN = 15.0
# Of the ports that systems do not give away by themselves.
FIRST_PORT, PORTS, PORTS_TRIED = 10240, 22528, 8


class Meeting:
    """`address`: where the others reach this node. `name_of`: a node's name where the engine has some; None for addresses alone."""

    def __init__(self, folder, link, node, address, name_of=None):
        self._folder = folder
        self._link = link
        self.node = node
        self._address = address
        self._name_of = name_of
        self._apart = None
        self._met = threading.Event()
        self._done = threading.Event()
        self._over = False
        self._failure = None

    def over(self):
        """Whether this node is to leave off, because another one has."""
        return self._over

    def why_over(self):
        """The node that could not begin, in words; None where another was just stopped."""
        return self._failure

    def watch(self):
        """Looks what becomes of the others: before all have met each node does, then the first one, and who does not get through to it."""
        threading.Thread(target=self._watch, daemon=True).start()

    def finish(self):
        self._done.set()

    def _watch(self):
        wait = LOOK_SECONDS
        patiently = Patience(self._done.is_set)
        try:
            while not self._met.is_set() and not self._done.wait(wait):
                nodes = patiently(self._link.meeting)
                wait = min(wait * 1.5, _longest(nodes, LONGEST_LOOK_SECONDS))
                if not self._met.is_set():
                    self._look(nodes, True)
            while not self._over and not self._done.wait(LONGEST_LOOK_SECONDS):
                if self.node == 0 or self._is_apart():
                    self._look(patiently(self._link.meeting), self.node != 0)
        except (TimeoutError, Ended, Refused):
            pass  # Whoever sends files home is told the same.

    def _look(self, nodes, first_matters):
        """A node that has ended early has done what it had to, unless it did not begin or is the first one."""
        for one in nodes:
            ended = one.get("ended")
            if ended is None or one["node"] == self.node:
                continue
            failure = ended.get("failure")
            if failure:
                self._fail("Node %d did not begin: %s" % (one["node"], failure), ended.get("stage"))
            elif first_matters and (one["node"] == 0 or not self._met.is_set()):
                self._over = True

    def lose(self, text):
        """Another node is known not to come: of no matter when all have met, since their processes watch each other."""
        if not self._met.is_set():
            self._fail(text)

    def _fail(self, text, stage=None):
        if self._failure is None:
            self._failure = Wrong(text, stage=stage)
        self._over = True

    def _is_apart(self):
        """The group's program cannot reach the first node, and has written down why."""
        why = (self._folder.read_json("meeting.json") or {}).get("why")
        if why is None:
            self._apart = None
            return False
        if self._apart is None:
            self._apart = time.monotonic()
        elif time.monotonic() - self._apart > APART_WITHIN:
            self._fail("%s." % why)
        return True

    def meet(self, job, token, reason):
        """Says that this node is ready, and waits for all others. What the group's program is told; None when it is to be left off."""
        self._folder.write("place.json", json.dumps({"address": self._address}))
        self._folder.tell("It waits for the other nodes of the run.")
        patiently = Patience(lambda: reason() is not None)
        wait = LOOK_SECONDS
        while True:
            nodes = patiently(self._link.meeting)
            self._look(nodes, True)
            if reason() is not None:
                return None
            addresses = [one.get("address") for one in nodes]
            if addresses and None not in addresses:
                break
            time.sleep(wait)
            wait = min(wait * 1.2, _longest(nodes, 1.0))
        self._met.set()
        secret = hashlib.sha256(("meeting %s %s" % (job.key, token)).encode("utf-8")).hexdigest()
        ports = [FIRST_PORT + int(secret[8 * at : 8 * at + 8], 16) % PORTS for at in range(PORTS_TRIED)]
        # What stands in the ports tells nothing of the token.
        own = hashlib.sha256(secret.encode("ascii")).hexdigest()
        told = {"node": self.node, "hosts": addresses, "ports": sorted(set(ports)), "token": own}
        if self._name_of is not None:
            told.update(self._by_names(addresses))
        return told

    def _by_names(self, addresses):
        """The names of the nodes, where all lead there; else the reason, for the log of the run."""
        names = [self._name_of(node) for node in range(len(addresses))]
        self._folder.tell("It waits for the names of its pods, such as %s, to lead to them." % names[-1])
        found = threading.Event()
        thread = threading.Thread(target=_look_up, args=(names, addresses, found), daemon=True)
        thread.start()
        if found.wait(NAMES_WITHIN):
            return {"hosts": names}
        text = "the names of its pods, such as %s, do not lead to them: their addresses are used instead" % names[0]
        say("%s." % text)
        return {"said": text}

    def wait_for_others(self, hurry):
        """Until those that have begun have ended too, when this one was asked to."""
        until = time.monotonic() + OTHERS_WITHIN
        patiently = Patience(lambda: hurry() or time.monotonic() > until)
        try:
            while not hurry() and time.monotonic() < until:
                if all("ended" in one for one in patiently(self._link.meeting) if one["begun"]):
                    return
                time.sleep(LOOK_SECONDS)
        except (TimeoutError, Ended, Refused):
            pass  # The run is over, or the service is away.


def _longest(nodes, seconds):
    return max(seconds, len(nodes) / LOOKS_PER_SECOND)


def _look_up(names, addresses, found):
    for _ in range(30):
        if all(_leads(name, address) for name, address in zip(names, addresses)):
            return found.set()
        time.sleep(0.5)


def _leads(name, address):
    try:
        return address in [one[4][0] for one in socket.getaddrinfo(name, None)]
    except OSError:
        return False
