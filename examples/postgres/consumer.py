#!/usr/bin/env python3
"""A consumer of a table of jobs: a job is deleted in the transaction in which it is done. It comes back when that
transaction ends without a commit; a kill does that at once."""
import nullworker
import psycopg2
from work import work

TAKE = """delete from jobs where id = (select id from jobs order by id for update skip locked limit 1)
          returning body"""
# A machine that vanishes says nothing: its transaction is over after 10 + 3 * 5 s without an answer. Set it in
# postgresql.conf for consumers that cannot.
KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"

nullworker.stop_gently()
database = psycopg2.connect("", options=KEEPALIVE)  # PGHOST, PGUSER and the like say where


def take():
    with database.cursor() as cursor:
        cursor.execute(TAKE)
        row = cursor.fetchone()
    if row is None:
        database.rollback()
    return row and row[0]


for job in nullworker.jobs(take):
    work(job)
    database.commit()
    print("done", job, flush=True)
