# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export RABBITMQ_URL=amqp://guest:guest@127.0.0.1:$port/%2f RABBITMQ_API=http://guest:guest@127.0.0.1:$((port + 1))
program=/usr/lib/rabbitmq/bin/rabbitmq-server # the one on PATH wants to become another user
need() {
    [ -x $program ] || skip "there is no $program"
    need_program epmd
    need_python pika
}
start_server() {
    export HOME=$server_dir RABBITMQ_NODENAME=queue@localhost ERL_EPMD_PORT=$((port + 3)) ERL_EPMD_ADDRESS=127.0.0.1
    cat >"$server_dir/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$port
management.tcp.ip = 127.0.0.1
management.tcp.port = $((port + 1))
END
    echo '[rabbitmq_management].' >"$server_dir/plugins"
    # Otherwise Erlang starts one, which stays.
    spawn epmd epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT"
    spawn server env RABBITMQ_DIST_PORT=$((port + 2)) RABBITMQ_MNESIA_BASE="$server_dir" RABBITMQ_LOGS=- \
        RABBITMQ_CONFIG_FILE="$server_dir/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$server_dir/plugins" \
        RABBITMQ_PID_FILE="$server_dir/pid" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' $program
}
answers() { put </dev/null 2>/dev/null; }
put() { $python "$app/put.py"; }

depth='nullworker depth rabbitmq env:RABBITMQ_API jobs'
traps=('0: /usr/bin/python3 ready.py')
consumers=("$python consumer.py")
