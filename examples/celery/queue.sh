# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export REDIS_URL=redis://127.0.0.1:$port/0 VISIBILITY=10
need() {
    need_program redis-server
    need_python celery
    need_python redis
}
start_server() {
    spawn server redis-server --bind 127.0.0.1 --port "$port" --dir "$server_dir" --save '' --appendonly no
}
answers() { [ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ]; }
send() { (cd "$app" && $python -c "import sys, $1; [$1.do.delay(line.strip()) for line in sys.stdin]"); }
put() { send consumer; }

depth='nullworker depth celery env:REDIS_URL'
traps=('0: redis-cli -u "$REDIS_URL" llen celery')
# A worker that acknowledges early, in a database of its own: what it runs is counted nowhere, and lost with it.
more_traps() {
    local late=$REDIS_URL
    export REDIS_URL=redis://127.0.0.1:$port/1
    touch "$HOLD/job-early"
    echo "job-early 0" | send early
    spawn early env -C "$app" "$python" -m celery -A early worker -c 1
    await "the default worker takes no job" grep -qx 'begin job-early' "$dir/early.log"
    must_be_wrong 0 "$depth"
    rm "$HOLD/job-early"
    REDIS_URL=$late
}
linger=12 # a worker looks for what is to come back after its first 10 s, and then once in 100 s only
consumers=("$python -m celery -A consumer worker -c 1 -Q none -n machine\$CONTAINER_ID")
