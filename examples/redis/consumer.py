#!/usr/bin/env python3
"""A consumer that stays, so that its model stays loaded: it does by itself what `nullworker work` does for consumer.sh.
Needs nothing but Python's standard library."""
import http.client, json, os, pathlib, socket, time

ME, HERE = os.environ.get("CONTAINER_ID", "1"), pathlib.Path(__file__).parent
REDIS = os.environ.get("REDIS_HOST", "127.0.0.1"), int(os.environ.get("REDIS_PORT", 6379))
TAKE, DONE = (HERE / "take.lua").read_text(), (HERE / "done.lua").read_text()


def redis(*words):
    words = [str(word).encode() for word in words]
    db.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    db.flush()
    line = db.readline()
    if not line or line[:1] == b"-":
        raise OSError("Redis: %r" % line)
    return db.read(int(line[1:]) + 2)[:-2].decode() if line[:1] == b"$" and line[1:2] != b"-" else None


def control(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("NULL_CONTROL_PORT", 18999)), timeout=90)
    connection.request(method, path, json.dumps(body or {}))
    reply = connection.getresponse()
    return reply.status, json.load(reply)


def work(job, since):  # yours goes here; called again and again until it is done
    time.sleep(0.2)
    return time.monotonic() >= since + float(job.split()[-1])


def serve():
    control("POST", "/heartbeat")
    session = control("GET", "/session?wait=60")[1]
    if session is None:
        return
    claim = {"session_id": session["session_id"]}

    def protect():  # nobody takes the machine, and we are alive; False: the session is not ours any more
        return control("POST", "/protect", {"seconds": 10, **claim})[0] == 200

    job, since, ours, done = None, time.monotonic(), protect(), False
    if ours:  # before there is a job that could be lost
        job = redis("eval", TAKE, 0, ME)
    while job and ours and not done:
        redis("set", "lease:" + ME, 1, "ex", 10)
        done = work(job, since)
        ours = protect()
    if done:
        redis("eval", DONE, 0, ME, job)
    control("POST", "/release", claim if job else {**claim, "outcome": "idle"})


while True:
    try:
        with socket.create_connection(REDIS) as link, link.makefile("rwb") as db:
            while True:
                serve()
    except (OSError, http.client.HTTPException) as trouble:  # Redis or nullworkerd is being restarted
        print(trouble, flush=True)
        time.sleep(1)
