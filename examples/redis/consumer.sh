#!/bin/sh
# A consumer in shell: takes one job and does it, or says by 75 that there is none. `nullworker work -- consumer.sh`
# runs it whenever the worker is reserved.
set -eu
: "${REDIS_HOST:=127.0.0.1}" "${REDIS_PORT:=6379}" "${CONTAINER_ID:=1}"
here=$(dirname "$0")
redis() { redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --raw "$@"; }

job=$(redis --eval "$here/take.lua" , "$CONTAINER_ID")
[ -n "$job" ] || exit 75
# As long as it works nobody else takes the job. It ends with us: `nullworker work` ends what we leave running.
while sleep 2; do redis set "lease:$CONTAINER_ID" 1 ex 10; done >/dev/null &
"$here/work.sh" "$job"
redis --eval "$here/done.lua" , "$CONTAINER_ID" "$job" >/dev/null
echo "done $job"
