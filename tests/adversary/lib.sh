# shellcheck shell=bash disable=SC2034 # sourced by the scripts beside it
# What the scripts share that do to a daemon what no test inside a process can: a disk that freezes, names that nobody
# resolves. Each takes the path of nullworkerd, says what it does, and exits with 0, 1, or 77 where it cannot be done.
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 NULLWORKERD" >&2; exit 2; }
nullworkerd=$(realpath "$1")

work=$(mktemp -d)
pids=()
undo=() # commands, the last of them first
cleanup() {
    for ((i = ${#undo[@]} - 1; i >= 0; --i)); do eval "${undo[i]}" || true; done
    for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

say() { echo "$(basename "$0"): $*"; }
cannot() { say "not done here: $*"; exit 77; }
fail() { say "FAILED: $*"; [ ! -s "$work/log" ] || tail -n 20 "$work/log"; exit 1; }
needs_root() { [ "$(id -u)" = 0 ] || cannot "it takes root"; }

# Milliseconds by a clock that nobody sets.
milliseconds() { awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime; }

# What a build that watches its handlers is to have for patience.
limit=NULLWORKER_HANDLER_LIMIT_MS=${NULLWORKER_HANDLER_LIMIT_MS:-100}

# eventually SECONDS COMMAND…: tries it for that long; whether it succeeded.
eventually() {
    local _ tries=$(($1 * 10))
    shift
    for _ in $(seq "$tries"); do
        ! "$@" || return 0
        sleep 0.1
    done
    return 1
}

logged() { grep -q "event=$1" "$work/log"; }
answers() { curl -fsS -m 1 -o /dev/null "127.0.0.1:$control/$1" 2>/dev/null; }

# start PORT [NAME=VALUE …]: the daemon on that port and the two above it, its log in $log.
log=$work/log
start() {
    port=$1
    control=$((port + 2))
    shift
    env -i PATH="$PATH" "$limit" WORKER_PORT="$port" NULL_CONTROL_PORT="$control" "VAST_TCP_PORT_$port=$port" \
        PUBLIC_IPADDR=127.0.0.1 CONTAINER_ID=4242 REPORT_ADDR=http://127.0.0.1:9 UNSECURED=true \
        NULLWORKER_LISTEN_ADDRESS=127.0.0.1 "$@" "$nullworkerd" >"$log" 2>&1 &
    daemon=$!
    pids+=("$daemon")
    eventually 10 answers session || fail "the daemon does not answer"
}

# ask LIMIT_MS CURL_ARGUMENTS…: the status and the body in $status and $body; fails where it takes longer.
ask() {
    local limit=$1 begun took
    shift
    begun=$(milliseconds)
    status=$(curl -sS -m 10 -o "$work/body" -w '%{http_code}' "$@" 2>&1) || fail "no answer from $*: $status"
    took=$(($(milliseconds) - begun))
    body=$(cat "$work/body")
    [ "$took" -le "$limit" ] || fail "$* took $took ms, more than $limit"
    say "$status in $took ms from $*"
}

# expect STATUS: of what was asked last.
expect() { [ "$status" = "$1" ] || fail "$status where $1 was expected: $body"; }

create() { # LIMIT_MS REQUEST_IDX
    ask "$1" -d '{"auth_data": {"request_idx": '"$2"', "url": "http://127.0.0.1:'"$port"'"}, "session_id": null,
        "payload": {"lifetime": 600}}' "127.0.0.1:$port/session/create"
}
