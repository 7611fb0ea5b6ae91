"""A nullworkerd that does what a test says, and remembers what it was asked: the control port, in one thread a call."""
import http.server
import json
import os
import socketserver
import threading
import time
from urllib.parse import parse_qsl, urlsplit


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_):  # a consumer that was killed
        pass


class _UnixServer(_Server):
    address_family = socketserver.socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)

    def get_request(self):
        link, _ = super().get_request()
        return link, ("unix", 0)


class ScriptedDaemon:
    """Protects by the clock of the machine, like the real one. `old`: from before /protect and retiring."""

    def __init__(self, path=None, old=False):
        self.news = threading.Condition()
        self.calls, self.old, self.path = [], old, path
        self.session, self.generation, self.protected_until, self.retiring = None, 0, None, False
        self.run, self.server, self.port = 0, None, 0
        self.longest = float("inf")  # of a protection
        self.start()

    # ---- what a test does
    def start(self):
        daemon = self

        class Handler(_Handler):
            owner = daemon

        self.server = _UnixServer(self.path, Handler) if self.path else _Server(("127.0.0.1", self.port), Handler)
        if not self.path:
            self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        """As if it was killed: nobody who waits is answered."""
        server, self.server = self.server, None
        server.shutdown()
        server.server_close()
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)
        with self.news:
            self.run += 1
            self.news.notify_all()

    def close(self):
        if self.server:
            self.stop()

    def variables(self):
        where = {"NULLWORKER_CONTROL_SOCKET": self.path} if self.path else {"NULL_CONTROL_PORT": str(self.port)}
        return {**{name: value for name, value in os.environ.items() if name not in (
            "NULL_CONTROL_PORT", "NULLWORKER_CONTROL_SOCKET")}, **where}

    def reserve(self):
        with self.news:
            self.generation += 1
            self.session = "session%d" % self.generation
            self.protected_until, self.retiring = None, False
            self.news.notify_all()
            return self.session

    def end(self):
        with self.news:
            self.session = None
            self.news.notify_all()

    def retire(self):
        """Waits for a protected job, like the route's "done"."""
        with self.news:
            self.retiring = True
            if not self.is_protected():
                self.session = None
            self.news.notify_all()

    def is_protected(self):
        return self.protected_until is not None and time.monotonic() < self.protected_until

    def until(self, holds, what="it"):
        end = time.monotonic() + 15
        with self.news:
            while not holds():
                if time.monotonic() > end:
                    raise AssertionError("%s did not happen in 15 s; the calls were %s" % (what, self.calls))
                self.news.wait(0.02)  # not all that is waited for is a call

    def count(self, path, **members):
        return sum(1 for call in list(self.calls) if call[0] == path and members.items() <= call[1].items())

    def until_called(self, path, times=1, **members):
        self.until(lambda: self.count(path, **members) >= times, "%d × %s %s" % (times, path, members))

    def until_free(self):
        self.until(lambda: self.session is None, "a release")

    # ---- what it answers
    def answer(self, method, path, body):
        with self.news:
            known = {("POST", "/heartbeat"), ("POST", "/release"), ("POST", "/renew"), ("GET", "/session")}
            if not self.old:
                known.add(("POST", "/protect"))
            if (method, path) not in known:
                self.note(path, body)
                return 404, None
            status, told = getattr(self, "on_" + path[1:])(body)
            if path != "/session":
                self.note(path, body)
            return status, told

    def note(self, path, body):
        self.calls.append((path, body))
        self.news.notify_all()

    def holds(self, body):
        return self.session is not None and body.get("session_id", self.session) == self.session

    def on_heartbeat(self, _):
        return 200, {"ok": True, "session_id": self.session}

    def on_protect(self, body):
        if not self.holds(body):
            return 409, {"protected": False, "reason": "not the holder", "session_id": self.session}
        span = min(body["seconds"], self.longest)
        self.protected_until = time.monotonic() + span if span else None
        if self.retiring and not body["seconds"]:
            self.session = None
        return 200, {"session_id": body["session_id"], "protected_until": 0, "remaining": span}

    def on_renew(self, body):
        if not self.holds(body):
            return 409, {"renewed": False, "reason": "not the holder", "session_id": self.session}
        return 200, {"session_id": self.session, "expiration": 0, "remaining": body["lifetime"]}

    def on_release(self, body):
        if not self.holds(body):
            return 409, {"released": False, "reason": "not the holder", "session_id": self.session}
        ended, self.session, self.protected_until = self.session, None, None
        return 200, {"released": True, "session_ids": [ended]}

    def on_session(self, query):
        if self.old and "retiring" in query:
            return 422, None
        since, run = int(query.get("since", 0)), self.run

        def is_news():
            return (run != self.run or since != (self.generation if self.session else 0)
                    or self.retiring and "retiring" in query)

        self.note("/session", query)
        self.news.wait_for(is_news, float(query.get("wait", 0)))
        if run != self.run:
            raise ConnectionAbortedError
        if not self.session:
            return 200, None
        return 200, {"session_id": self.session, "generation": self.generation, "remaining": 100,
                     "protected_until": None, "retiring": self.retiring}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def serve(self):
        self.close_connection = True
        target = urlsplit(self.path)
        body = dict(parse_qsl(target.query))
        size = int(self.headers.get("Content-Length") or 0)
        if size:
            body = json.loads(self.rfile.read(size))
        try:
            status, told = self.owner.answer(self.command, target.path, body)
        except ConnectionAbortedError:
            return
        if self.owner.server is None:
            return
        text = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = serve
