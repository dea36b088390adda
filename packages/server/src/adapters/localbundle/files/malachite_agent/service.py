"""What the agent asks of the service and tells it, and what to do when an answer does not come."""
import calendar
import http.client
import json
import re
import ssl
import sys
import threading
import time
from urllib.parse import urlencode

from .console import say
from .job import iso
from .patience import pause
from .transport import Transport

PREFIX = "Microsoft.MachineLearning.Run."
TERMINAL = ("Completed", "Failed", "Canceled")
# Away for a while, by its own word or that of something in between.
AWAY = (408, 425, 429, 502, 503, 504)
# A fault of the service itself may pass; one that stays for this many tries does not.
FAULT_TRIES = 5


class Refused(Exception):
    """The service answered, and said no."""

    def __init__(self, status, message):
        Exception.__init__(self, message)
        self.status = status


class Transient(Exception):
    """One try brought no answer that counts; another may."""

    def __init__(self, problem, asked=None, fault=False):
        Exception.__init__(self, problem)
        self.asked = asked
        self.fault = fault


class Away(Exception):
    """The service brought no answer for as long as one was waited for."""


class Service:
    """The service as one run sees it. May be used by several threads."""

    def __init__(self, job, patience, authority):
        self._job = job
        self.patience = patience
        self._transport = Transport(job.url, authority)
        self._lock = threading.Lock()
        self.token, self.token_expires = job.token, job.token_expires
        self._token_from = time.time()
        self._renewable = True

    def call(self, method, path, query=None, body=b"", headers=None, sink=None, faults_allowed=FAULT_TRIES):
        """Asks until there is an answer: (status, headers, bytes). Raises Refused, Away. For what may be repeated."""
        tries = 0
        faults = 0
        while True:
            try:
                return self.once(method, path, query, body, headers, sink)
            except Transient as trouble:
                tries += 1
                faults += 1 if trouble.fault else 0
                if faults >= faults_allowed:
                    raise Refused(500, str(trouble))
                if not self.patience.wait(trouble, pause(tries, trouble.asked)):
                    raise Away(str(trouble))

    def once(self, method, path, query=None, body=b"", headers=None, sink=None):
        """Asks once. Raises Refused or Transient."""
        target = path + ("?" + urlencode(query) if query else "")
        token = self.token
        answer = self._exchange(method, target, body, headers, sink)
        if answer[0] == 401 and self._renew(token):
            answer = self._exchange(method, target, body, headers, sink)
        status, fields, content = answer
        if status < 300:
            self.patience.answered()
            return answer
        text = _message(status, content)
        if status in AWAY:
            raise Transient(text, asked=_seconds(fields.get("Retry-After")))
        if status >= 500:
            raise Transient(text, fault=True)
        self.patience.answered()
        raise Refused(status, text)

    def _exchange(self, method, target, body, headers, sink):
        fields = {
            "Authorization": "Bearer " + self.token,
            "User-Agent": "malachite-local-run/1 python/%d.%d" % sys.version_info[:2],
        }
        fields.update(headers or {})
        try:
            return self._transport.exchange(method, target, fields, body, sink)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, ssl.CertificateError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Refused(0, "%s. Name the certificate file in SSL_CERT_FILE." % error)
            if isinstance(error, ValueError) and not isinstance(error, (OSError, http.client.HTTPException)):
                raise
            raise Transient(str(error) or type(error).__name__)

    def status(self, once=False):
        """The status of the run."""
        ask = self.once if once else self.call
        code, _, content = ask("GET", self._job.run_path())
        try:
            return str(json.loads(content.decode("utf-8"))["status"])
        except (ValueError, KeyError, TypeError):
            raise Refused(code, "what answers at %s is not the service" % self._job.url)

    def event(self, name, data, once=False):
        """Posts an event of the run. The service takes the same one twice."""
        event = {
            "timestamp": iso(time.time()),
            "name": PREFIX + name,
            "data": dict({"RunId": self._job.run_id}, **data),
        }
        path = self._job.run_path() + "/events"
        body = json.dumps(event).encode("ascii")
        headers = {"Content-Type": "application/json"}
        if once:
            self.once("POST", path, body=body, headers=headers)
        else:
            # A file may stay behind with a warning; how the run ended may not, so no fault is too many.
            self.call("POST", path, body=body, headers=headers, faults_allowed=float("inf"))

    def keep_token_fresh(self):
        """Renews the token when a third of its life is left. To be called now and then."""
        life = max(1.0, self.token_expires - self._token_from)
        if self.token_expires - time.time() < life / 3:
            self._renew(self.token)

    def _renew(self, old):
        """True when there is another token than `old` now."""
        with self._lock:
            if self.token != old:
                return True
            if not self._renewable:
                return False
            try:
                status, _, content = self._exchange("GET", self._job.run_path() + "/token", b"", None, None)
                if status in (404, 405):
                    self._renewable = False
                if status >= 300:
                    return False
                answer = json.loads(content.decode("utf-8"))
                token = answer["token"]
                expires = _instant(answer.get("expiryTimeUtc"))
            except (Transient, Refused, ValueError, KeyError, TypeError):
                return False
            if not isinstance(token, str) or not token or token == old:
                return False
            life = self.token_expires - self._token_from
            self._token_from = time.time()
            self.token, self.token_expires = token, expires or self._token_from + max(60.0, life)
            return True

    def tell_end(self, name, error, ended_at):
        """Posts how the run ended; an end that the service already knows stays. Raises Refused or Away."""
        try:
            if error is not None:
                self.event("Error", {"ErrorResponse": {"error": error}})
            self.event(name, {"EndTime": iso(ended_at)})
        except Refused as refused:
            if refused.status != 409:
                raise
            say("the service keeps the end that it has: %s" % refused)


def _message(status, content):
    text = content[:2000].decode("utf-8", "replace").strip()
    try:
        text = json.loads(content.decode("utf-8"))["error"]["message"]
    except (ValueError, KeyError, TypeError):
        pass
    return "%s: %s" % (status, " ".join(str(text).split())[:500] or http.client.responses.get(status, "no text"))


def _seconds(value):
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return None


def _instant(text):
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", str(text))
    return calendar.timegm(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S")) if match else None
