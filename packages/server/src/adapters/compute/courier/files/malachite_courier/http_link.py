"""Questions to the service over HTTP, with the run's own token."""
import http.client
import json
import os
import ssl
import sys
import tempfile
from urllib.parse import urlsplit

from malachite_agent.transport import Transport

from .links import Away, Ended, Fault, Refused

TEMPORARY = (408, 425, 429)
# The token of a run that has not ended is taken, however old it is.
OVER = (401, 403, 404, 409, 410)


class HttpLink:
    """`node`: whose files are sent, of a run whose nodes have a courier each. May be used by several threads, each with a connection of its own."""

    def __init__(self, url, token, authority, node=0):
        self._path = urlsplit(url).path.rstrip("/")
        base = url[: len(url) - len(urlsplit(url).path)] if urlsplit(url).path else url
        self._transport = Transport(base, authority)
        self._token = token
        self._files = "/files?node=%d" % node if node else "/files"

    def listing(self, start, sink):
        self._ask("GET", "/parcel/listing", b"", {"Range": "bytes=%d-" % start}, sink)

    def content(self, start, end, sink):
        self._ask("GET", "/parcel/content", b"", {"Range": "bytes=%d-%d" % (start, end - 1)}, sink)

    def home(self, sink):
        self._ask("GET", self._files, b"", {}, sink)

    def take(self, body):
        content = self._ask("POST", self._files, body, {"Content-Type": "application/octet-stream"}, None)
        return json.loads(content.decode("utf-8"))["value"]

    def meeting(self):
        """All nodes of the run, as they are at home."""
        return json.loads(self._ask("GET", "/meeting", b"", {}, None).decode("utf-8"))["value"]

    def _ask(self, method, path, body, headers, sink):
        fields = {
            "Authorization": "Bearer " + self._token,
            "User-Agent": "malachite-courier/1 python/%d.%d" % sys.version_info[:2],
        }
        fields.update(headers)
        try:
            status, answered, content = self._transport.exchange(method, self._path + path, fields, body, sink)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, ssl.CertificateError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Refused("%s. Give the certificate in MALACHITE_CA." % error)
            raise Away(str(error) or type(error).__name__)
        if status < 300:
            if "Range" in headers and status == 200 and not headers["Range"].startswith("bytes=0-"):
                raise Away("what is between here and the service does not pass ranges on")
            return content
        text = "%s: %s" % (status, _message(content))
        if status in OVER:
            raise Ended(text)
        if status == 500:
            raise Fault(text)
        if status in TEMPORARY or status > 500:
            raise Away(text, _seconds(answered.get("Retry-After")))
        raise Refused(text)


def write_authority(text):
    """The certificate as a file, for the library that reads it."""
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path


def _message(content):
    text = content[:2000].decode("utf-8", "replace").strip()
    try:
        text = json.loads(content.decode("utf-8"))["error"]["message"]
    except (ValueError, KeyError, TypeError):
        pass
    return " ".join(str(text).split())[:500]


def _seconds(value):
    try:
        return min(60.0, max(0.0, float(value)))
    except (TypeError, ValueError):
        return None
