#!/usr/bin/env python3
"""What crowds of connections do to those who want something of the worker.

    tests/adversary/crowds.py [--worker build/release/nullworkerd] [--rate 10000] [scenario...]

Starts a nullworkerd on loopback, plays strangers who take its connections from 127.0.0.1, and a client who
comes from 127.0.0.2, or from the same address. Without names every scenario is played; all of it takes some
two minutes. Exits with 1 where a goal is missed. Standard library only.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque

STRANGER = "127.0.0.1"
CLIENT = "127.0.0.2"


def free_ports(count):
    """Ports below those that the system gives to clients."""
    found = []
    while len(found) < count:
        port = random.randrange(20000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            found.append(port)
    return found


class Worker:
    def __init__(self, program):
        self.public, webhook, self.control = free_ports(3)
        self.state = tempfile.TemporaryDirectory()
        environment = {
            "CONTAINER_ID": "1",
            "PUBLIC_IPADDR": STRANGER,
            f"VAST_TCP_PORT_{self.public}": str(self.public),
            "WORKER_PORT": str(self.public),
            "WORKER_HTTP_PORT": str(webhook),
            "NULL_CONTROL_PORT": str(self.control),
            "REPORT_ADDR": "http://127.0.0.1:9",
            "UNSECURED": "true",
            "NULLWORKER_STATE_DIR": self.state.name,
        }
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([program], env=environment, stderr=self.log)
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection((STRANGER, self.public)).close()
                return
            time.sleep(0.05)
        raise SystemExit("the worker does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.state.cleanup()

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def log_lines(self):
        self.log.seek(0)
        return len(self.log.readlines())


def post(path, document):
    body = json.dumps(document)
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def create_request(worker, index):
    grant = {"request_idx": index, "url": f"http://{STRANGER}:{worker.public}"}
    return grant, post("/session/create", {"auth_data": grant, "session_id": None, "payload": {"lifetime": 60}})


def read_reply(link):
    reply = http.client.HTTPResponse(link)
    reply.begin()
    return reply.status, reply.read()


def create_and_end(worker, index, address, pause):
    """Seconds from connecting to the answer, without the pause; None where there is none."""
    began = time.monotonic()
    try:
        with socket.create_connection((STRANGER, worker.public), 10, (address, 0)) as link:
            time.sleep(pause)
            grant, request = create_request(worker, index)
            link.sendall(request)
            status, body = read_reply(link)
        took = time.monotonic() - began - pause
        if status != 201:
            return None
        with socket.create_connection((STRANGER, worker.public), 10, (address, 0)) as link:
            link.sendall(post("/session/end", {"session_id": json.loads(body)["session_id"], "session_auth": grant}))
            read_reply(link)
        return took
    except (OSError, http.client.HTTPException):
        return None


def take_descriptors():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


@contextlib.contextmanager
def beside(stranger, *arguments):
    """Plays a stranger in a process of its own; yields a function that stops it and returns its last words."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
        try:
            os.write(writer, b"\n" + str(stranger(*arguments, stopped)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    said = []

    def stop():
        if not said:
            os.kill(child, signal.SIGTERM)
            with os.fdopen(reader) as words:
                said.append(words.read().strip())
            os.waitpid(child, 0)
        return said[0]

    try:
        yield stop
    finally:
        stop()


def connect_and_say_nothing(port, rate, stopped):
    """Keeps connecting, `rate` times a second, and keeps the connections. Returns the rate that it reached."""
    room = min(take_descriptors() - 100, 14000)
    open_links = deque()
    began = time.monotonic()
    made = 0
    while not stopped and time.monotonic() - began < 120:
        due = int((time.monotonic() - began) * rate)
        for _ in range(min(due - made, 500)):
            link = socket.socket()
            link.setblocking(False)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            link.connect_ex((STRANGER, port))
            open_links.append(link)
            made += 1
            if len(open_links) > room:
                open_links.popleft().close()
        time.sleep(0.002)
    return round(made / (time.monotonic() - began))


def never_read(port, count, stopped):
    """So many clients that send and send, and read nothing. They come again when they are closed."""
    take_descriptors()
    requests = post("/session/health", {"session_id": "x", "session_auth": {}}) * 400
    links = {}
    poller = select.epoll()
    began = time.monotonic()
    closed = 0

    def connect():
        link = socket.socket()
        link.setblocking(False)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        link.connect_ex((STRANGER, port))
        links[link.fileno()] = (link, bytearray(requests))
        poller.register(link.fileno(), select.EPOLLOUT | select.EPOLLRDHUP)

    for _ in range(count):
        connect()
    while not stopped and time.monotonic() - began < 120:
        for number, event in poller.poll(0.1):
            link, unsent = links[number]
            try:
                if event & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
                    raise ConnectionError
                del unsent[: link.send(unsent)]
                if not unsent:
                    poller.modify(number, select.EPOLLRDHUP)
            except BlockingIOError:
                pass
            except OSError:
                poller.unregister(number)
                link.close()
                del links[number]
                closed += 1
                connect()
    return closed


def quantiles(times):
    times = sorted(times)
    if not times:
        return "none answered"
    return f"median {times[len(times) // 2] * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms"


def silent(program, rate):
    met = True
    for address, whose in ((CLIENT, "another address"), (STRANGER, "the same address")):
        with Worker(program) as worker, beside(connect_and_say_nothing, worker.public, rate) as stop:
            time.sleep(2)
            times = [create_and_end(worker, i + 1, address, 0.3) for i in range(35)]
            peak = worker.resident_mib()
            reached = stop()
            answered = [t for t in times if t is not None]
            met = met and len(answered) == len(times)
            print(
                f"silent: {reached} connects a second; from {whose}, 0.3 s after connecting: {len(answered)} of "
                f"{len(times)} creates answered, {quantiles(answered)}; {peak:.1f} MiB, {worker.log_lines()} lines of log"
            )
    return met


def unread(program, rate):
    met = True
    for address, whose in ((CLIENT, "another address"), (STRANGER, "the same address")):
        with Worker(program) as worker, beside(never_read, worker.public, 1060) as stop:
            time.sleep(1)
            times = []
            for i in range(30):
                times.append(create_and_end(worker, i + 1, address, 0))
                time.sleep(0.2)
            closed = stop()
            answered = [t for t in times if t is not None]
            met = met and len(answered) == len(times) and max(answered) < 1
            print(
                f"unread: 1,060 clients that never read ({closed} times closed); from {whose}: {len(answered)} of "
                f"{len(times)} creates answered, {quantiles(answered)}"
            )
    return met


def bodies(program, rate):
    take_descriptors()
    with Worker(program) as worker:
        create_and_end(worker, 1, CLIENT, 0)
        before = worker.resident_mib()
        head = b"POST /session/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n"
        links = []
        for _ in range(1020):
            link = socket.create_connection((STRANGER, worker.public), 10)
            link.sendall(head + b"x" * 65000)
            links.append(link)
        time.sleep(1)
        peak = worker.resident_mib()
        for link in links:
            link.close()
        time.sleep(4)
        after = worker.resident_mib()
        print(f"bodies: 1,020 unfinished bodies of 64 KiB: {before:.1f} MiB before, {peak:.1f} meanwhile, {after:.1f} after")
        return after < before + 5


def waiters(program, rate):
    take_descriptors()
    wait = b"GET /session?wait=600 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Worker(program) as worker:
        waiting = []
        for _ in range(512):
            link = socket.create_connection((STRANGER, worker.control), 10)
            link.sendall(wait)
            waiting.append(link)
        time.sleep(0.5)
        sent = answered = 0
        for _ in range(20):
            burst = [socket.create_connection((STRANGER, worker.control), 10) for _ in range(30)]
            for link in burst:
                link.sendall(post("/heartbeat", {}))
            for link in burst:
                sent += 1
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answered += read_reply(link)[0] == 200
                link.close()
            time.sleep(0.05)
            waiting = [link for link in waiting if not select.select([link], [], [], 0)[0]]
            for _ in range(512 - len(waiting)):
                link = socket.create_connection((STRANGER, worker.control), 10)
                link.sendall(wait)
                waiting.append(link)
        print(f"waiters: beside 512 that wait for a session, {answered} of {sent} heartbeats in bursts of 30 answered")
        return answered == sent


SCENARIOS = {"silent": silent, "unread": unread, "bodies": bodies, "waiters": waiters}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", default="build/release/nullworkerd", metavar="PROGRAM")
    parser.add_argument("--rate", type=int, default=10000, help="connects a second of the silent strangers")
    parser.add_argument("scenario", nargs="*", help=", ".join(SCENARIOS))
    options = parser.parse_args()
    names = options.scenario or list(SCENARIOS)
    if unknown := set(names) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(unknown)}")
    return 0 if all([SCENARIOS[name](options.worker, options.rate) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
