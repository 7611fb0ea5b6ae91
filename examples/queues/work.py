"""Yours goes here. This work is a job "NAME SECONDS": it waits as long as there is a file NAME in the folder HOLD."""
import os
import time


def work(job):
    name, seconds = job.split()
    print("begin", name, flush=True)
    while os.path.exists(os.path.join(os.environ["HOLD"], name)):
        time.sleep(0.1)
    time.sleep(float(seconds))
