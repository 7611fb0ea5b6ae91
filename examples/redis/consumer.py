#!/usr/bin/env python3
"""The same as consumer.sh, with nothing but Python's standard library."""
import http.client, json, os, pathlib, socket, time

ME = os.environ.get("CONTAINER_ID", "1")
TAKE = (pathlib.Path(__file__).parent / "take.lua").read_text()
db = socket.create_connection((os.environ.get("REDIS_HOST", "127.0.0.1"), int(os.environ.get("REDIS_PORT", 6379)))).makefile("rwb")


def redis(*words):
    words = [str(word).encode() for word in words]
    db.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    db.flush()
    line = db.readline()
    return db.read(int(line[1:]) + 2)[:-2].decode() if line[:1] == b"$" and line[1:2] != b"-" else None


def control(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("NULL_CONTROL_PORT", 18999)), timeout=90)
    connection.request(method, path, json.dumps(body or {}))
    reply = connection.getresponse()
    return reply.status, json.load(reply)


def work(job):  # yours goes here; called again and again until it is done
    time.sleep(0.2)
    return time.monotonic() >= started + float(job.split()[1])


control("POST", "/heartbeat")
while True:
    session = control("GET", "/session?wait=60")[1]
    if session is None:
        continue
    claim = {"session_id": session["session_id"]}
    job, started, ours, done = redis("eval", TAKE, 0, ME), time.monotonic(), True, False
    while job and ours and not done:
        control("POST", "/heartbeat")
        ours = control("POST", "/renew", {"lifetime": 30, **claim})[0] == 200
        redis("set", "lease:" + ME, 1, "ex", 10)
        done = work(job)
    if done:
        redis("eval", "redis.call('rpush', 'results', ARGV[2]) redis.call('hdel', 'working', ARGV[1])", 0, ME, job)
    control("POST", "/release", claim)
