"""The same questions over stdin and stdout, which somebody has tied to the service. See link.ts."""
import json
import os
import sys
import threading

from .links import Away, Ended, Fault, Refused

OVER = ("notFound", "conflict", "denied")
TEMPORARY = ("unavailable", "throttled")
BLOCK = 1 << 16


class Closed(Exception):
    """Nobody is at the other end any more."""


class StdioLink:
    """Takes the streams for itself: whatever else prints, prints to stderr."""

    def __init__(self):
        self._input = os.fdopen(os.dup(0), "rb", BLOCK)
        self._output = os.fdopen(os.dup(1), "wb", BLOCK)
        os.dup2(2, 1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        sys.stdout = sys.stderr
        self._lock = threading.Lock()

    def listing(self, start, sink):
        # It comes whole; what is there already is passed over.
        self._ask({"ask": "listing"}, b"", _Behind(start, sink))

    def content(self, start, end, sink):
        self._ask({"ask": "content", "from": start, "to": end}, b"", sink)

    def home(self, sink):
        self._ask({"ask": "home"}, b"", sink)

    def take(self, body):
        parts = _Parts()
        self._ask({"ask": "take", "bytes": len(body)}, body, parts)
        return json.loads(b"".join(parts.parts).decode("utf-8"))["value"]

    def _ask(self, question, body, sink):
        with self._lock:
            try:
                self._output.write(json.dumps(question).encode("ascii") + b"\n" + body)
                self._output.flush()
                answer = self._line()
                error = answer.get("error")
                if error is None:
                    sink.begin()
                    self._chunks(sink)
                    return
            except (OSError, ValueError) as broken:
                raise Closed(str(broken))
        raise _problem(error)

    def _chunks(self, sink):
        failed = None
        while True:
            line = self._line()
            if "error" in line:
                raise _problem(line["error"])
            left = line["bytes"]
            if left == 0:
                break
            while left > 0:
                block = self._input.read(min(left, BLOCK))
                if not block:
                    raise Closed("the stream has ended")
                left -= len(block)
                # The rest of the answer comes all the same, and the next question behind it.
                if failed is None:
                    try:
                        sink.write(block)
                    except Exception as error:
                        failed = error
        if failed is not None:
            raise failed

    def _line(self):
        line = self._input.readline()
        if not line.endswith(b"\n"):
            raise Closed("the stream has ended")
        return json.loads(line.decode("utf-8"))


def _problem(error):
    text, kind = str(error.get("message")), error.get("kind")
    if kind in OVER:
        return Ended(text)
    if kind == "fault":
        return Fault(text)
    return Away(text) if kind in TEMPORARY else Refused(text)


class _Parts:
    def __init__(self):
        self.parts = []

    def begin(self):
        pass

    def write(self, block):
        self.parts.append(bytes(block))


class _Behind:
    def __init__(self, start, sink):
        self._left = start
        self._sink = sink

    def begin(self):
        self._sink.begin()

    def write(self, block):
        passed = min(self._left, len(block))
        self._left -= passed
        if passed < len(block):
            self._sink.write(block[passed:])
