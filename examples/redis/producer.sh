#!/bin/sh
# Puts COUNT jobs into the queue, each of which takes SECONDS:  producer.sh COUNT SECONDS
set -eu
for number in $(seq "$1"); do
    redis-cli -h "${REDIS_HOST:-127.0.0.1}" -p "${REDIS_PORT:-6379}" rpush jobs "job-$number $2" >/dev/null
done
