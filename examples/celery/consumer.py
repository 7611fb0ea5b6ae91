"""acks_late, a multiplier of 1, -c 1, and a visibility timeout longer than the longest task: with Celery's defaults a
task that runs is counted nowhere, and is lost with its machine.

    python3 -m celery -A consumer worker -c 1 -Q none

takes tasks from the queue "celery" only while the machine is reserved; nobody sends any to "none".
"""
import os
import threading
from functools import partial

import nullworker
from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state
from work import work

app = Celery(broker=os.environ["REDIS_URL"])
# A task that runs for longer than the visibility timeout is run twice. Without the multiplier a machine takes four
# tasks, and the others come for nothing.
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, worker_redirect_stdouts=False,
                broker_transport_options={"visibility_timeout": int(os.environ.get("VISIBILITY", 4 * 3600))})


@app.task(name="work")
def do(job):
    work(job)
    print("done", job, flush=True)


@worker_ready.connect
def begin(sender, **_):
    how = {"queue": "celery", "destination": [sender.hostname], "reply": True, "timeout": 10}  # waits until it is done
    threading.Thread(target=nullworker.gate, daemon=True, kwargs={
        "resume": partial(app.control.add_consumer, **how), "pause": partial(app.control.cancel_consumer, **how),
        "busy": lambda: state.reserved_requests, "idle": 3}).start()


@worker_shutting_down.connect
def end(**_):
    nullworker.stop()
