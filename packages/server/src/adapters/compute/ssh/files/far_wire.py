"""Frames over the two pipes of the ssh connection: two lengths, a JSON header, bytes. Each request is answered once, in any order."""
import json
import os
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

LENGTHS = struct.Struct(">II")
MOST_HEADER = 64 * 1024 * 1024
MOST_BYTES = 16 * 1024 * 1024


class Refused(Exception):
    """What is asked for cannot be done; `code` says why to the service, the text to people."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


class Wire:
    def __init__(self, source, sink):
        self.source = source
        self.sink = sink
        self.lock = threading.Lock()
        # Those that wait for processes to end have threads of their own, so that they hold up nobody.
        self.pool = ThreadPoolExecutor(max_workers=16)

    def send(self, header, payload=b""):
        text = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        with self.lock:
            self.sink.write(LENGTHS.pack(len(text), len(payload)))
            self.sink.write(text)
            if payload:
                self.sink.write(payload)
            self.sink.flush()

    def read(self, size):
        data = self.source.read(size)
        if len(data) < size:
            # The connection is gone; what runs here goes on by itself.
            os._exit(0)
        return data

    def serve(self, does, slow):
        while True:
            header_size, size = LENGTHS.unpack(self.read(LENGTHS.size))
            if header_size > MOST_HEADER or size > MOST_BYTES:
                os._exit(64)
            request = json.loads(self.read(header_size).decode("utf-8"))
            payload = self.read(size) if size else b""
            work = lambda request=request, payload=payload: self.answer(does, request, payload)
            if request["op"] in slow:
                threading.Thread(target=work, daemon=True).start()
            else:
                self.pool.submit(work)

    def answer(self, does, request, payload):
        try:
            answer = does[request["op"]](request, payload)
            header, data = answer if isinstance(answer, tuple) else (answer, b"")
            self.send(dict(header or {}, id=request["id"]), data)
        except Refused as error:
            self.send({"id": request["id"], "error": str(error), "code": error.code})
        except OSError as error:
            code = error.__class__.__name__ if error.errno is None else os.strerror(error.errno)
            self.send({"id": request["id"], "error": "%s%s" % (code, ": " + shown(error.filename) if error.filename else ""), "code": "system"})
        except Exception as error:
            self.send({"id": request["id"], "error": "%s: %s" % (type(error).__name__, error), "code": "fault"})


def shown(name):
    return os.fsencode(name).decode("utf-8", "replace") if isinstance(name, (str, bytes)) else str(name)


def open_wire():
    """The program's own stdout becomes stderr: nothing that is printed by chance may come between the frames."""
    sink = os.fdopen(os.dup(1), "wb", 256 * 1024)
    os.dup2(2, 1)
    return Wire(sys.stdin.buffer, sink)
