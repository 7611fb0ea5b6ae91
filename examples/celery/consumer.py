"""python3 -m celery -A consumer worker -c 1 -Q none: a worker of Celery that takes tasks only while the machine is
reserved. Tasks go to the queue "celery"; from "none", to which nobody sends, it takes nothing meanwhile."""
import os
import threading

import nullworker
from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state
from work import work

app = Celery(broker=os.environ["REDIS_URL"])
# Without the first a running task is counted nowhere, and lost with its machine; without the second a worker takes more
# tasks than it runs. The third must be longer than the longest task, which would be run twice.
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, worker_redirect_stdouts=False,
                broker_transport_options={"visibility_timeout": int(os.environ.get("VISIBILITY", 4 * 3600))})


@app.task(name="work")
def do(job):
    work(job)
    print("done", job, flush=True)


def tell(what, worker):  # and wait until it is done
    what("celery", destination=[worker.hostname], reply=True, timeout=10)


@worker_ready.connect
def begin(sender, **_):
    threading.Thread(target=nullworker.gate, daemon=True, kwargs={
        "resume": lambda: tell(app.control.add_consumer, sender), "pause": lambda: tell(app.control.cancel_consumer, sender),
        "busy": lambda: bool(state.reserved_requests), "idle": 3}).start()


@worker_shutting_down.connect
def end(**_):
    nullworker.stop()
