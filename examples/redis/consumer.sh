#!/bin/sh
# A consumer in shell. It runs beside nullworkerd and does one job for each reservation. A job is "NAME SECONDS".
set -u
: "${REDIS_HOST:=127.0.0.1}" "${REDIS_PORT:=6379}" "${CONTAINER_ID:=1}"
here=$(dirname "$0")
redis() { redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --raw "$@"; }

work() { sleep "${1#* }"; } # yours goes here

nullworker heartbeat
while session=$(nullworker wait --field session_id); do
    job=$(redis --eval "$here/take.lua" , "$CONTAINER_ID")
    if [ -n "$job" ]; then
        echo "job $job"
        work "$job" &
        # As long as it works: the worker knows that we live, the session lasts, and nobody else takes the job.
        while kill -0 $! 2>/dev/null; do
            nullworker heartbeat
            nullworker renew 30 --session "$session" || kill $! # the session is not ours any more
            redis set "lease:$CONTAINER_ID" 1 ex 10
            sleep 0.5
        done >/dev/null
        if wait $!; then
            printf 'multi\nrpush results "%s"\nhdel working "%s"\nexec\n' "$job" "$CONTAINER_ID" | redis >/dev/null
        fi
    fi
    nullworker release --session "$session"
done
