#!/usr/bin/env python3
"""An autoscaler that closes a kept connection in the same moment in which the daemon uses it again.

    tests/adversary/closing_peer.py build/release/nullworkerd

On one machine the end of a connection arrives before the next request can leave. So this plays the other end of
the wire, by a TUN device in a network of its own, and speaks TCP by hand: the end that it sends acknowledges nothing
of the report that is on its way, which it resets then. The daemon must send that report again, and at once: nobody
can have taken it. An end that acknowledges the report is another matter: it may have been taken, and has to wait for
its next turn.
"""

import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

US, PEER = "10.9.0.1", "10.9.0.2"
FIN, SYN, RST, ACK = 1, 2, 4, 16
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def open_tun():
    tun = os.open("/dev/net/tun", os.O_RDWR)
    no_packet_information, is_tun = 0x1000, 0x0001
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", b"wire", is_tun | no_packet_information))
    for words in (f"addr add {US}/24 dev wire", "link set wire up", "link set lo up"):
        subprocess.run(["ip", *words.split()], check=True)
    return tun


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(port, seq, ack, flags, data=b""):
    source, target = bytes(map(int, PEER.split("."))), bytes(map(int, US.split(".")))
    head = struct.pack("!HHIIBBHHH", 80, port, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, 65535, 0, 0)
    pseudo = source + target + struct.pack("!BBH", 0, 6, len(head) + len(data))
    head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(head) + len(data), 0, 0, 64, 6, 0) + source + target
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + head + data


def is_whole(request):
    head, found, body = request.partition(b"\r\n\r\n")
    if not found:
        return False
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= (int(length[0].split(b":")[1]) if length else 0)


class Wire:
    def __init__(self):
        self.tun = open_tun()
        self.open = {}  # by the daemon's port: next byte to send, next byte to come, request so far
        self.next_end = None  # for the next report: "before" it came, or "after"
        self.reports = []  # when, and whether it met the end

    def run(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            if select.select([self.tun], [], [], 0.05)[0]:
                self.take(os.read(self.tun, 65535))
        return until()

    def take(self, data):
        if data[0] >> 4 != 4 or data[9] != 6:
            return
        segment = data[(data[0] & 15) * 4 :]
        port, _, seq, _, offset, flags = struct.unpack("!HHIIBB", segment[:14])
        payload = segment[(offset >> 4) * 4 :]
        if flags & SYN:
            self.open[port] = [1001, seq + 1, b""]
            os.write(self.tun, packet(port, 1000, seq + 1, SYN | ACK))
        elif port in self.open and flags & RST:
            del self.open[port]
        elif port in self.open and (payload or flags & FIN):
            self.hear(port, seq, payload, flags)

    def hear(self, port, seq, payload, flags):
        state = self.open[port]
        if seq != state[1] & 0xFFFFFFFF:
            return
        request = state[2] + payload
        is_report = request.startswith(b"POST /worker_status/")
        if payload and is_report and is_whole(request) and self.next_end:
            taken = len(payload) if self.next_end == "after" else 0
            self.next_end = None
            self.reports.append((time.monotonic(), True))
            os.write(self.tun, packet(port, state[0], state[1] + taken, FIN | ACK))
            if not taken:
                os.write(self.tun, packet(port, state[0], 0, RST))
            del self.open[port]
            return
        state[1] += len(payload) + (1 if flags & FIN else 0)
        state[2] = request
        reply = b""
        if is_whole(request):
            state[2] = b""
            reply = ANSWER
            if is_report:
                self.reports.append((time.monotonic(), False))
        os.write(self.tun, packet(port, state[0], state[1], ACK | (FIN if flags & FIN else 0), reply))
        state[0] += len(reply)


def ask(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode())
    return urllib.request.urlopen(request, timeout=5).read()


def reserve():
    auth = {"request_idx": 7, "url": "http://127.0.0.1:26420"}
    ask(26420, "/session/create", {"auth_data": auth, "session_id": None, "payload": {}})


def release():
    ask(26422, "/release", {})


# How long a report took to come again that met such an end of its connection, which `change` causes.
def time_to_return(wire, end, change):
    wire.next_end = end
    change()
    wire.run(5, lambda: wire.reports[-1][1])
    wire.run(5, lambda: not wire.reports[-1][1])
    return wire.reports[-1][0] - wire.reports[-2][0]


def main():
    try:
        wire = Wire()
    except (OSError, subprocess.CalledProcessError) as e:
        print("skipped: no network device of our own:", e)
        return 77
    settings = {
        "WORKER_PORT": "26420",
        "VAST_TCP_PORT_26420": "26420",
        "PUBLIC_IPADDR": "127.0.0.1",
        "CONTAINER_ID": "7",
        "NULL_CONTROL_PORT": "26422",
        "REPORT_ADDR": f"http://{PEER}",
        "UNSECURED": "true",
        "NULLWORKER_FLUSH_TIMEOUT": "0.1",
    }
    with tempfile.TemporaryFile() as log:
        daemon = subprocess.Popen([sys.argv[1]], env={**os.environ, **settings}, stderr=log)
        try:
            wire.run(5, lambda: len(wire.reports) >= 1)
            wire.run(0.5)
            before = time_to_return(wire, "before", reserve)
            wire.run(0.5)
            after = time_to_return(wire, "after", release)
            ok = before < 0.5 and 1.5 < after < 4
            print(f"{'ok' if ok else 'FAILED'}: a report came again {before:.3f} s after an end that came before it, "
                  f"{after:.3f} s after one that came behind it")
            if not ok:
                log.seek(0)
                print(log.read().decode())
        finally:
            daemon.terminate()
            wire.run(1, lambda: daemon.poll() is not None)
            daemon.kill()
            daemon.wait()
    return 0 if ok else 1


def enter_network():
    own_network = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*own_network, "true"], check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: no network of our own")
        sys.exit(77)
    os.execvp(own_network[0], [*own_network, sys.executable, *sys.argv, "inside"])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        enter_network()
    sys.exit(main())
