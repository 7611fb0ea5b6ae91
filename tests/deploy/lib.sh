# shellcheck shell=bash
# Shared by the tests here that run a worker in a root of its own, on a fleet that stands in for the autoscaler and the
# console; not run by itself. Whoever uses it has set `daemon`, `client` and `fleet_options`, and a test of theirs `kind`,
# the first word of its sentences, `work`, its folder, and `root`.
#
# Exit code 77: no namespaces to be had here, so nothing was tested.
# shellcheck disable=SC2034,SC2154,SC2317 # set here, set there, and called by traps

PATH=$PATH:/usr/sbin:/sbin
isolate=(unshare --mount --pid --fork --kill-child)
if ! "${isolate[@]}" true 2>/dev/null; then
    isolate+=(--user --map-root-user)
    if ! "${isolate[@]}" true 2>/dev/null; then
        echo "skipped: a chroot needs root or user namespaces, and \`${isolate[*]}\` is refused here"
        exit 77
    fi
fi

dir=$(mktemp -d)
started=()
clean_up() {
    local i
    for ((i = ${#started[@]} - 1; i >= 0; --i)); do
        kill "${started[i]}" 2>/dev/null || true
        wait "${started[i]}" 2>/dev/null || true
    done
}
trap 'clean_up; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# ---- What the tests say ---------------------------------------------------------------------------------------------

failures=0
# The command that follows must say yes within 30 s.
check() {
    local sentence=$1 end=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $end ]; then
            echo "FAIL  $kind: $sentence"
            failures=$((failures + 1))
            return 0
        fi
        sleep 0.05
    done
    echo "ok    $kind: $sentence"
}
not() { ! "$@"; }
survived() { [ "$("$client" session --control-port "$1" --field session_id)" = "$session" ]; }
is_alive() { [ -d "/proc/$1" ]; }

# ---- A fleet --------------------------------------------------------------------------------------------------------

# start_fleet FIRST-PORT OPTION…: sets `fleet` and `url`.
start_fleet() {
    local port=$1
    shift
    : >"$work/fleet.log"
    "$client" fleet --port "$port" --worker-port $((port + 10)) --worker "$work/worker" --log-dir "$work" --json \
        "$@" ${fleet_options[@]+"${fleet_options[@]}"} >"$work/fleet.log" 2>&1 &
    fleet=$!
    started+=("$fleet")
    check "the fleet starts" told 'autoscaler and console at'
    url=$(grep -o 'https\{0,1\}://[^ ",]*' "$work/fleet.log" | head -n 1)
}
stop_fleet() {
    kill "$fleet"
    wait "$fleet" || true
}
# What the fleet said of its workers.
told() { grep -q -- "$1" "$work/fleet.log"; }
# nullworker against it, with its trust; in the background, where $! must be its number.
ask() {
    local authority
    authority=$(cat "$work/authority")
    exec env ${authority:+SSL_CERT_FILE="$authority"} "$client" "$1" --instance local --autoscaler-url "$url" \
        --console-url "$url" --api-key any --endpoint local "${@:2}"
}

# The processes in the root whose command line matches.
processes() {
    local file
    { grep -lzxF -- "ONSTART_TEST=$work" /proc/[0-9]*/environ || true; } 2>/dev/null | while read -r file; do
        if tr '\0' ' ' <"${file%/*}/cmdline" | grep -q -- "$1"; then basename "${file%/*}"; fi
    done 2>/dev/null
}
are() { [ "$(processes "$1" | wc -l)" = "$2" ]; }

counted() { [ "$(grep -c -- "$2" "$1")" = "$3" ]; }
secret_shown() {
    grep -rqF -f "$work/tokens" "$root/workspace"* "$root/srv/posted" "$work"/*.log ||
        grep -qaF -f "$work/tokens" /proc/[0-9]*/cmdline
}
no_secret_shown() { [ -s "$work/tokens" ] && ! secret_shown; }

# ---- Several tests at a time ----------------------------------------------------------------------------------------

outputs=() beside=()
# beside COMMAND…: a test in a shell of its own; what is in `work` and `root` is shown if it fails.
beside() {
    outputs+=("$dir/${#outputs[@]}.out")
    (alone "$@") >"${outputs[-1]}" 2>&1 &
    beside+=($!)
    started+=($!)
}
alone() {
    trap '[ $? = 0 ] || tail -n 40 "$work"/*.log "$root"/workspace*/*.log; clean_up' EXIT
    trap 'exit 130' INT TERM
    started=()
    "$@"
    [ $failures = 0 ]
}

# Waits for them, shows what they said, and ends with whether all went well, here as well.
join() {
    local i result=0
    [ $failures = 0 ] || result=1
    for i in "${!outputs[@]}"; do
        wait "${beside[i]}" || result=1
        cat "${outputs[i]}"
    done
    exit $result
}
