# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export NATS_URL=nats://127.0.0.1:$port NATS_MONITOR=http://127.0.0.1:$((port + 1))
need() {
    need_program curl
    need_program jq
    need_program nats-server
    need_node nats
}
start_server() { spawn server nats-server -a 127.0.0.1 -p "$port" -m $((port + 1)) -js -sd "$server_dir"; }
answers() { put </dev/null 2>/dev/null; }
put() { node "$app/put.mjs"; }

depth='nullworker depth nats env:NATS_MONITOR JOBS workers'
traps=(
    '0: curl -sf "$NATS_MONITOR/jsz?consumers=1" | jq .account_details[0].stream_detail[0].consumer_detail[0].num_pending'
    '2: curl -sf "$NATS_MONITOR/jsz?streams=1" | jq .messages'
)
consumers=("node consumer.mjs")
