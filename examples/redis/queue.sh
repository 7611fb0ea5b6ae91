# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export REDIS_HOST=127.0.0.1 REDIS_PORT=$port REDIS_URL=redis://127.0.0.1:$port
need() {
    need_program redis-server
    need_python redis
}
start_server() {
    spawn server redis-server --bind 127.0.0.1 --port "$port" --dir "$server_dir" --save '' --appendonly no
}
answers() { [ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ]; }
put() { while read -r job; do redis-cli -p "$port" rpush jobs "$job"; done >/dev/null; }

depth='nullworker depth redis env:REDIS_URL jobs working'
traps=('0: redis-cli -u "$REDIS_URL" llen jobs')
consumers=("$python consumer.py" "nullworker work -- ./consumer.sh")
