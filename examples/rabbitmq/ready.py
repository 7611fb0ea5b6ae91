"""Prints how many jobs wait, by what comes to mind first: a passive declare."""
import os

import pika

with pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"])) as connection:
    print(connection.channel().queue_declare("jobs", passive=True).method.message_count)
