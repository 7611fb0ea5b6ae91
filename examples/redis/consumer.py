#!/usr/bin/env python3
"""A consumer that stays, so that its model stays loaded. A job comes back when its lease has run out; see take.lua."""
import os
import pathlib

import nullworker
import redis
from work import work

ME, HERE = os.environ.get("CONTAINER_ID", "1"), pathlib.Path(__file__).parent
nullworker.stop_gently()
server = redis.Redis(os.environ.get("REDIS_HOST", "127.0.0.1"), int(os.environ.get("REDIS_PORT", 6379)),
                     decode_responses=True)
take_job, done = [server.register_script((HERE / name).read_text()) for name in ("take.lua", "done.lua")]


def take():
    return take_job(args=[ME])


def renew(_):  # while it works nobody else takes the job
    server.set("lease:" + ME, 1, ex=10)


for job in nullworker.jobs(take, also=renew, term=8):  # renewed every 2 s
    work(job)
    done(args=[ME, job])
    print("done", job, flush=True)
