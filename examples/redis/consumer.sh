#!/bin/sh
# A consumer in shell. It runs beside nullworkerd and does one job for each reservation. A job is "NAME SECONDS".
set -u
: "${REDIS_HOST:=127.0.0.1}" "${REDIS_PORT:=6379}" "${CONTAINER_ID:=1}"
here=$(dirname "$0")
redis() { redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --raw "$@"; }

work() { exec sleep "${1##* }"; } # yours goes here; exec, so that it can be stopped

nullworker heartbeat
while session=$(nullworker wait --field session_id); do
    job=$(redis --eval "$here/take.lua" , "$CONTAINER_ID")
    if [ -n "$job" ]; then
        echo "job $job"
        work "$job" &
        # As long as it works: nobody else takes the job, the worker knows that we live, and the session lasts.
        while kill -0 $! 2>/dev/null; do
            redis set "lease:$CONTAINER_ID" 1 ex 10
            nullworker heartbeat
            nullworker renew 30 --session "$session" || [ $? != 1 ] || kill $! # refused: it is not ours any more
            sleep 0.5
        done >/dev/null
        if wait $!; then redis --eval "$here/done.lua" , "$CONTAINER_ID" "$job" >/dev/null; fi
    fi
    nullworker release --session "$session"
done
