# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export REDIS_URL=redis://127.0.0.1:$port
need() {
    need_program redis-server
    need_node bullmq
}
start_server() {
    spawn server redis-server --bind 127.0.0.1 --port "$port" --dir "$server_dir" --save '' --appendonly no
}
answers() { [ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ]; }
put() { node "$app/put.mjs"; }

depth='nullworker depth bullmq env:REDIS_URL jobs'
traps=('0: redis-cli -u "$REDIS_URL" llen bull:jobs:wait')
consumers=("node consumer.mjs")
