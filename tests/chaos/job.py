#!/usr/bin/python3 -ISB
"""One job for `nullworker work`: takes it from Redis, does it, and notes all that happens to it in $CHAOS_DIR/jobs.

A job is "NAME SECONDS". It goes on whatever signal comes: only SIGKILL ends it, and then its notes end, too.
"""

import json, os, pathlib, signal, socket, sys, time

ME, DIR = os.environ["CONTAINER_ID"], pathlib.Path(os.environ["CHAOS_DIR"])
LUA = pathlib.Path(os.environ["CHAOS_LUA"])
notes = os.open(DIR / "jobs", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
job = None


def note(what, **more):
    line = {"time": time.time(), "what": what, "job": job, "worker": int(ME), "pid": os.getpid(), **more}
    os.write(notes, json.dumps(line).encode() + b"\n")


def redis(*words):
    words = [str(word).encode() for word in words]
    db.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    db.flush()
    line = db.readline()
    if not line or line[:1] == b"-":
        raise OSError("Redis: %r" % line)
    if line[:1] == b":":
        return int(line[1:])
    return db.read(int(line[1:]) + 2)[:-2].decode() if line[:1] == b"$" and line[1:2] != b"-" else None


for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(number, lambda came, frame: note("signal", number=came))
with socket.create_connection(("127.0.0.1", int(os.environ["CHAOS_REDIS"]))) as link, link.makefile("rwb") as db:
    job = redis("eval", (LUA / "take.lua").read_text(), 0, ME)
    if job is None:
        sys.exit(75)
    began = last = time.monotonic()
    seconds = float(job.split()[1])
    note("taken", session=os.environ.get("NULLWORKER_SESSION_ID"), parent=os.getppid())
    while time.monotonic() < began + seconds:
        time.sleep(max(0.0, min(0.2, began + seconds - time.monotonic())))
        if time.monotonic() >= last + 0.5:
            last = time.monotonic()
            redis("set", "lease:" + ME, 1, "ex", 10)
            note("goes on")
    counted = redis("eval", (LUA / "done.lua").read_text(), 0, ME, job)
    note("done", counted=counted)
