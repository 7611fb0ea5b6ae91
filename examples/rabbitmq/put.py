"""Makes the queue "jobs", and puts each line of its input into it."""
import os
import sys

import pika

with pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"])) as connection:
    channel = connection.channel()
    channel.queue_declare("jobs", durable=True)
    for line in sys.stdin:
        channel.basic_publish("", "jobs", line.strip(), pika.BasicProperties(delivery_mode=2))
