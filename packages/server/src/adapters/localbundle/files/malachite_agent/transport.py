"""One HTTP exchange at a time, on connections that are kept. No retries and no meaning here: see service.py."""
import http.client
import os
import ssl
import threading
import time
import urllib.request
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.", "::1")
# A server may close an idle connection at any time; Node does so after five seconds.
IDLE_SECONDS = 3.0
TIMEOUT_SECONDS = 60.0
BLOCK = 1 << 16


class LocalFileError(Exception):
    """A file of this machine could not be read as it was announced; asking the service again does not help."""


class Piece:
    """Bytes `start` up to `end` of an open file, as a request body that can be sent again. `digest` goes on from the
    hash of what came before, if one is given, with the bytes as they were sent last."""

    def __init__(self, descriptor, start, end, before=None):
        self.descriptor, self.start, self.end = descriptor, start, end
        self._before = before
        self.digest = before

    def __len__(self):
        return self.end - self.start

    def __iter__(self):
        at = self.start
        self.digest = None if self._before is None else self._before.copy()
        while at < self.end:
            block = read_at(self.descriptor, at, min(BLOCK, self.end - at))
            if not block:
                raise LocalFileError("it became shorter while it was read")
            at += len(block)
            if self.digest is not None:
                self.digest.update(block)
            yield block


def read_at(descriptor, offset, length):
    """Reads without moving anybody's position, where the system can; descriptors here have one reader."""
    try:
        if hasattr(os, "pread"):
            return os.pread(descriptor, length, offset)
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, length)
    except OSError as error:
        raise LocalFileError(str(error))


class Transport:
    """Speaks to one base address. Each thread has a connection of its own."""

    def __init__(self, url, authority):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the service's address is not an http or https URL: %s" % url)
        self._parts = parts
        self._context = _trust(authority) if parts.scheme == "https" else None
        self._proxy = _proxy(parts)
        self._threads = threading.local()

    def exchange(self, method, target, headers, body, sink=None):
        """One request and its answer: (status, headers, bytes). A success goes to `sink` (begin, write) when given."""
        headers = dict(headers, **{"Content-Length": str(len(body))})
        if self._proxy and self._context is None:
            target = "%s://%s%s" % (self._parts.scheme, self._parts.netloc, self._parts.path + target)
        else:
            target = self._parts.path + target
        connection = self._connection()
        done = False
        try:
            try:
                connection.request(method, target, body=body if len(body) else None, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                # A refusal may come before the whole body was read; then the answer is already there.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
            content = _read(response, sink if response.status < 300 else None)
            done = not response.will_close and response.isclosed()
            return response.status, response.headers, content
        finally:
            self._threads.used = time.monotonic()
            if not done:
                connection.close()

    def _connection(self):
        connection = getattr(self._threads, "connection", None)
        if connection is not None and time.monotonic() - self._threads.used < IDLE_SECONDS:
            return connection
        if connection is not None:
            connection.close()
        at = self._proxy or self._parts
        port = at.port or (443 if at.scheme == "https" else 80)
        if self._context is None:
            connection = http.client.HTTPConnection(at.hostname, port, timeout=TIMEOUT_SECONDS)
        else:
            connection = http.client.HTTPSConnection(
                at.hostname, port, timeout=TIMEOUT_SECONDS, context=self._context
            )
            if self._proxy:
                connection.set_tunnel(self._parts.hostname, self._parts.port or 443)
        self._threads.connection = connection
        return connection


def _read(response, sink):
    if sink is None:
        # An answer that is not asked for as a file is small; a larger one is not what we speak with.
        return response.read(1 << 20)
    left = response.length
    sink.begin()
    while True:
        block = response.read(BLOCK)
        if not block:
            if left:
                raise http.client.IncompleteRead(b"", left)
            return b""
        if left is not None:
            left -= len(block)
        sink.write(block)


def _trust(authority):
    context = ssl.create_default_context()
    for file in (os.environ.get("SSL_CERT_FILE"), os.environ.get("REQUESTS_CA_BUNDLE"), authority):
        if file and os.path.isfile(file):
            context.load_verify_locations(cafile=file)
    return context


def _proxy(parts):
    if parts.hostname.startswith(LOOPBACK) or urllib.request.proxy_bypass(parts.hostname):
        return None
    address = urllib.request.getproxies().get(parts.scheme)
    if not address:
        return None
    return urlsplit(address if "://" in address else "http://" + address)
