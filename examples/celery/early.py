"""A worker as Celery makes it by default, which acknowledges a task before it runs: to show what that costs."""
import os

from celery import Celery
from work import work

app = Celery(broker=os.environ["REDIS_URL"])
app.conf.worker_redirect_stdouts = False


@app.task(name="work")
def do(job):
    work(job)
