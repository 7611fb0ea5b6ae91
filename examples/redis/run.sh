#!/usr/bin/env bash
# The whole of it on one machine: a real Redis, a fleet whose workers each have a consumer beside them, and
# `nullworker follow`. Jobs go in, all their results come out, and the workers are gone again.
#
#   examples/redis/run.sh [--consumer sh|py] [--kill consumer|daemon]
#
# consumer.sh does one job and is run by `nullworker work`; consumer.py stays, and needs Debian's python3-redis. --kill ends one of them in
# mid-job, with `nullworker work` as the consumer, to show that its job is done all the same, by another worker.
# nullworker and nullworkerd are taken from PATH. PORT is the first of the ports used: Redis, the autoscaler, the workers.
set -euo pipefail
jobs=20 seconds=1 consumer=sh doomed=
while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
    "--consumer sh" | "--consumer py") consumer=$2 ;;
    "--kill consumer" | "--kill daemon") doomed=$2 ;;
    *) sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-24000}
fleet_url=http://127.0.0.1:$((port + 1))
export REDIS_HOST=127.0.0.1 REDIS_PORT=$port
# A consumer that is silent for 5 s while a session is held is flagged, and 1 s later the autoscaler is told.
export NULLWORKER_HEARTBEAT_TIMEOUT=5 NULLWORKER_HEARTBEAT_GRACE=1
# What runs beside each worker, and how its process is found. Debian's Python has the library for Redis.
dir=$(mktemp -d)
export HOLD=$dir/hold
cp "$here"/consumer.* "$here"/*.lua "$here"/../queues/work.* "$dir"
for library in "$here/../../consumer" "$here/../../../../nullworker/consumer"; do # of the repository, of a package
    if [ -d "$library" ]; then cp "$library/nullworker.py" "$dir"; fi
done
case $consumer in
sh) consumer_line="exec nullworker work --term 8 -- $dir/consumer.sh" consumer_process='nullworker work' ;;
py) consumer_line="exec /usr/bin/python3 $dir/consumer.py" consumer_process=consumer.py ;;
esac
started=()
clean_up() {
    for ((i = ${#started[@]} - 1; i >= 0; --i)); do
        if kill "${started[i]}" 2>/dev/null; then wait "${started[i]}" || true; fi
    done
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

redis() { redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --raw "$@"; }
say() { printf '%5d s  %s\n' $SECONDS "$*"; }
fail() {
    say "FAILED: $*"
    tail -n 20 "$dir"/*.log >&2
    exit 1
}
# Waits at most 90 s until the command that follows says yes.
await() {
    local what=$1 end=$((SECONDS + 90))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "$what"
        sleep 0.1
    done
}
redis_answers() { [ "$(redis ping 2>/dev/null)" = PONG ]; }
fleet_answers() { grep -q 'autoscaler and console at' "$dir/fleet.log"; }
different_results() { redis lrange results 0 -1 | sort -u | wc -l; }
all_results() { [ "$(different_results)" -ge $jobs ]; }
# How many workers there were, one after the other, but for those that were being stopped.
worker_story() {
    sed -n 's/.* s  workers  *\([0-9]*\)  (\(.*\)).*/\1 \2/p' "$dir/follow.log" |
        awk '{ n = $1; for (i = 2; i <= NF; ++i) if ($i ~ /^stopping/) n -= $(i - 1); print n }' | uniq
}
no_workers() { [ "$(grep -o 'workers .*' "$dir/follow.log" | tail -n 1 | awk '{print $2}')" = 0 ]; }
is_working() { [ "$(redis hlen working)" -gt 0 ]; }
# The arrow depends on the locale.
worker_replaced() { grep -qE "worker $victim: error (->|→) stopping  \(errored" "$dir/fleet.log"; }

# The children of process $1, and theirs.
descendants() {
    local pid
    # shellcheck disable=SC2013 # they are words of one line
    for pid in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        echo "$pid"
        descendants "$pid"
    done
}

# The process of worker $1 whose command line contains $2; not the shell that runs it as a line.
process_of() {
    local pid
    for pid in $(descendants "$fleet"); do
        if [ "$(cat "/proc/$pid/comm")" != sh ] &&
            tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "CONTAINER_ID=$1" &&
            tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "$2"; then
            echo "$pid"
            return
        fi
    done
    return 1
}

redis-server --bind 127.0.0.1 --port "$port" --dir "$dir" --save '' --appendonly no >"$dir/redis.log" 2>&1 &
started+=($!)
await "redis-server does not answer" redis_answers
nullworker fleet --port $((port + 1)) --worker-port $((port + 100)) --max-workers 4 --inactivity-timeout 2 \
    --error-timeout 1 --log-dir "$dir" --consumer "$consumer_line" >"$dir/fleet.log" 2>&1 &
fleet=$! started+=($!)
await "the fleet does not start" fleet_answers
# The session of a worker that is gone counts until its lifetime is over.
nullworker follow --instance local --autoscaler-url "$fleet_url" --console-url "$fleet_url" \
    --depth "printf 'llen jobs\nhlen working\n' | redis-cli -h $REDIS_HOST -p $REDIS_PORT" \
    --min 0 --max 4 --interval 0.5 --hysteresis 2 --patience 2 --lifetime 10 --state "$dir/follow" \
    >"$dir/follow.log" 2>&1 &
started+=($!)

say "$jobs jobs of $seconds s go in"
"$here/producer.sh" $jobs $seconds
if [ -n "$doomed" ]; then
    await "nobody takes a job" is_working
    victim=$(redis hkeys working | head -n 1)
    job=$(redis hget working "$victim")
    program=nullworkerd
    if [ "$doomed" = consumer ]; then program=$consumer_process; fi
    kill -KILL "$(process_of "$victim" "$program")"
    say "the $doomed of worker $victim was killed while it did $job"
fi
await "not all results came out" all_results
say "the results of all $(different_results) jobs came out"
if [ "$doomed" = consumer ]; then
    await "the worker without a consumer was not replaced" worker_replaced
    say "worker $victim, which had lost its consumer, was replaced"
fi
await "workers are left" no_workers
say "workers: 0 → $(worker_story | paste -sd '>' | sed 's/>/ → /g')"
most=$(worker_story | sort -n | tail -n 1)
if [ "$most" -lt 2 ] || [ "$most" -gt 4 ]; then fail "$most workers at once"; fi
[ "$(redis llen jobs)$(redis hlen working)" = 00 ] || fail "jobs are left"
say "all is well"
