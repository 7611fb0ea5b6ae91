#!/usr/bin/env python3
"""A consumer of RabbitMQ's queue "jobs". A job comes back when the connection is closed, which a kill does at once, or
when it was not acknowledged for consumer_timeout, by default 30 minutes: raise that in rabbitmq.conf for longer jobs.
"""
import os
from concurrent.futures import ThreadPoolExecutor

import nullworker
import pika
from work import work

nullworker.stop_gently()
thread, channel = ThreadPoolExecutor(1), None


def take():
    global channel
    if channel is None:
        channel = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"])).channel()
    try:
        method, _, body = channel.basic_get("jobs")
    except pika.exceptions.AMQPError:  # closed, since nobody answers heartbeats while the machine is not reserved
        channel = None
        return None
    return method and (method.delivery_tag, body.decode())


for tag, job in nullworker.jobs(take):
    running = thread.submit(work, job)
    while not running.done():  # heartbeats are answered meanwhile
        channel.connection.process_data_events(0.5)
    running.result()
    channel.basic_ack(tag)
    print("done", job, flush=True)
