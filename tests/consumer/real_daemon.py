"""The daemon itself, for a test that was given its program: on free ports of the loopback, taking any reservation."""
import json
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


def free_ports(count, first, last):
    """Below those that the system gives out."""
    found = []
    for port in range(first, last + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free ports in %d to %d" % (first, last))


class RealDaemon:
    def __init__(self, program, first_port):
        self.program, self.folder = program, tempfile.TemporaryDirectory()
        self.port, self.local, self.control = free_ports(3, first_port, first_port + 49)
        self.socket = self.folder.name + "/control"
        self.url = "http://127.0.0.1:%d" % self.port
        self.direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--state-dir", self.folder.name + "/state", "--control-socket", self.socket],
            stderr=subprocess.DEVNULL,
            env={"WORKER_PORT": str(self.port), "VAST_TCP_PORT_%d" % self.port: str(self.port),
                 "PUBLIC_IPADDR": "127.0.0.1", "CONTAINER_ID": "7", "REPORT_ADDR": "http://127.0.0.1:1",
                 "NULL_CONTROL_PORT": str(self.control), "WORKER_HTTP_PORT": str(self.local),
                 "NULLWORKER_FLUSH_TIMEOUT": "0.1", "UNSECURED": "true"})
        end = time.monotonic() + 15
        while True:
            try:
                if self.ask(self.control, "/health")[0] == 200:
                    return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
            time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.folder.cleanup()

    def ask(self, port, path, body=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path),
                                         None if body is None else json.dumps(body).encode())
        try:
            with self.direct.open(request, timeout=10) as reply:
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read()
        return status, json.loads(text) if text[:1] in (b"{", b"n") else text

    def reserve(self, lifetime=60):
        self.auth = {"request_idx": int(time.time() * 1000) % 1000000, "url": self.url}
        self.session = self.ask(self.port, "/session/create", {
            "auth_data": self.auth, "session_id": None, "payload": {"lifetime": lifetime}})[1]["session_id"]
        return self.session

    def retire(self, when="done"):
        return self.ask(self.port, "/session/retire",
                        {"session_id": self.session, "session_auth": self.auth, "when": when})

    def slot(self):
        return self.ask(self.control, "/session")[1]

    def until(self, holds, what):
        end = time.monotonic() + 15
        while not holds(self.slot()):
            if time.monotonic() > end:
                raise AssertionError("%s did not happen in 15 s; the slot is %s" % (what, self.slot()))
            time.sleep(0.02)
