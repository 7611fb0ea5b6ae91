"""As much of beanstalkd's protocol as the example needs; libraries such as greenstalk know all of it."""
import os
import socket
import sys
import threading


class Tube:
    def __init__(self, name, address=None):
        host, port = (address or os.environ["BEANSTALKD"]).rsplit(":", 1)
        self._link = socket.create_connection((host, int(port)))
        self._file = self._link.makefile("rwb")
        self._turn = threading.Lock()  # touch() comes from another thread
        self._ask("use " + name)
        self._ask("watch " + name)

    def _ask(self, line, body=None, good=()):
        with self._turn:
            self._file.write(line.encode() + b"\r\n" + (b"" if body is None else body + b"\r\n"))
            self._file.flush()
            words = self._file.readline().decode().split() or ["hung up"]
            if words[0] not in ("USING", "WATCHING", *good):
                raise OSError("beanstalkd, asked to %s: %s" % (line, " ".join(words)))
            return words, self._file.read(int(words[-1]) + 2)[:-2] if words[0] == "RESERVED" else None

    def reserve(self, seconds):
        """Number and text of a job, or None."""
        words, body = self._ask("reserve-with-timeout %d" % seconds, good=("RESERVED", "TIMED_OUT", "DEADLINE_SOON"))
        return (int(words[1]), body.decode()) if body is not None else None

    def touch(self, number):
        self._ask("touch %d" % number, good=["TOUCHED"])

    def delete(self, number):
        self._ask("delete %d" % number, good=["DELETED"])

    def put(self, text, time_to_run=60):
        body = text.encode()
        self._ask("put 1024 0 %d %d" % (time_to_run, len(body)), body, good=["INSERTED"])


if __name__ == "__main__":  # puts each line of its input into the tube that is named
    tube = Tube(sys.argv[1])
    for line in sys.stdin:
        tube.put(line.strip())
