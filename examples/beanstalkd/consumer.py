#!/usr/bin/env python3
"""A consumer of beanstalkd's tube "jobs". A job comes back when the connection is closed, which a kill does at once, or
when it was not touched for as long as its time to run."""
import nullworker
from beanstalk import Tube  # or greenstalk
from work import work

nullworker.stop_gently()
tube = Tube("jobs")


def take():
    return tube.reserve(0)


def touch(job):
    tube.touch(job[0])


for job in nullworker.jobs(take, also=touch):  # touched every 15 s
    number, text = job
    work(text)
    tube.delete(number)
    print("done", text, flush=True)
