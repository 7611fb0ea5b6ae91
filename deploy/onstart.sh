#!/bin/sh
# Starts nullworkerd on a Vast.ai instance, in place of Vast's own pyworker, and your consumer beside it.
#
# Leave the word pyworker in: Vast keeps the text of a template's on-start field in /root/onstart.sh, and its base image
# starts a worker of its own, on the same port, unless it finds that word there.
#
# Needs sh and what coreutils or busybox have. Everything is in functions, so that a script that arrives in part through
# a pipe does nothing.
set -u

usage() {
    cat <<'END'
onstart.sh [--background]

Starts nullworkerd on a Vast.ai instance and keeps it running, and your consumer beside it.
It stays until SIGTERM or SIGINT. --background: it returns at once, for an on-start field in which more follows.

Variables, beside those that nullworkerd reads (nullworkerd --help):
  WORKSPACE_DIR            /workspace   where logs and state go; made if need be
  REPORT_ADDR              https://run.vast.ai
  WORKER_PORT              3000
  USE_SSL                  true
  CONSUMER_CMD                          your consumer, run by sh -c; it must stay in the foreground
  STOP_GRACE               30           seconds that a stop waits for both before it kills what is left
  NULLWORKERD                           the program; else it is looked for beside this script and in PATH
  NULLWORKER_URL                        or it is downloaded from here, with curl or wget,
  NULLWORKER_SHA256                     and run only if this is its checksum
  NULLWORKER_ERROR_LINGER  60           seconds for which the autoscaler is told, every 10 s, that there is no start
  LOG_LIMIT                10485760     bytes of a log before it becomes FILE.1 and begins anew

Files in WORKSPACE_DIR; all logs go to standard output, too:
  debug.log                what this script does
  nullworkerd.log          the daemon
  consumer.log             your consumer
  nullworker/              the session that survives a crash, the downloaded program, onstart.pid

The consumer is started at once, since it may load for minutes, and `nullworker wait` waits for the daemon by itself.
It finds the daemon at NULL_CONTROL_PORT, gets no MASTER_TOKEN, and SIGTERM when it is to end.
What dies is started again: after 1 s, then 2 s, up to 60 s; after 1 s if it ran for a minute or ended with 0.
A nullworkerd that cannot start (exit code 2) has told the autoscaler why, and is tried again after 10 s.

Exit codes: 0 stopped, by a signal or because nullworkerd was stopped by one; 1 no start is possible, and the
autoscaler was told; 2 wrong usage.
On Vast's base image set SUPERVISOR_SKIP_PYWORKER=true as well, or two workers want one port.
END
}

now() { date +%s; }
is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac }

say() {
    line="$(date '+%Y-%m-%d %H:%M:%S') onstart.sh: $*"
    # Whoever reads the standard output may be gone; that must not end the script.
    (trap '' PIPE; printf '%s\n' "$line") 2>/dev/null
    { printf '%s\n' "$line" >>"$WORKSPACE_DIR/debug.log"; } 2>/dev/null
}

# ---- Telling the autoscaler where there is no nullworkerd that could ------------------------------------------------

# $1 as the inside of a JSON string. Here-documents, because arguments of programs can be read by everyone.
escaped() {
    LC_ALL=C tr '\001-\037\177' ' ' <<END | LC_ALL=C sed 's/ $//; s/[\\"]/\\&/g'
$1
END
}

# Posts standard input to $1.
post() {
    if command -v curl >/dev/null; then
        curl -fsS -m 10 -o /dev/null -H 'Content-Type: application/json' --data-binary @- "$1"
    elif command -v wget >/dev/null; then
        body=$(mktemp) && cat >"$body" || return 1 # mktemp makes it readable for its owner alone
        # Not every busybox has wget -T.
        timeout 10 wget -q -O /dev/null --header 'Content-Type: application/json' --post-file "$body" "$1" ||
            { echo "wget ended with code $?"; rm -f "$body"; return 1; }
        rm -f "$body"
    else
        echo "there is neither curl nor wget"
        return 1
    fi
}

# Tells every address of REPORT_ADDR that this worker is broken, and why.
report() {
    id=${CONTAINER_ID:-}
    case $id in 0?*) id= ;; esac
    is_number "$id" || { say "the autoscaler cannot be told: CONTAINER_ID is no number"; return; }
    port=
    if is_number "$WORKER_PORT"; then eval "port=\${VAST_TCP_PORT_$WORKER_PORT:-}"; fi
    scheme=http
    if [ "$USE_SSL" = true ]; then scheme=https; fi
    for address in $(echo "$REPORT_ADDR" | tr ',' ' '); do
        if said=$(post "${address%/}/worker_status/" 2>&1 <<END
{"id": $id, "mtoken": "$(escaped "${MASTER_TOKEN:-}")", "version": "$(escaped "${NULLWORKER_REPORT_VERSION:-1.1.0}")",
 "loadtime": 0.0, "cur_load": 0.0, "rej_load": 0.0, "new_load": 0.0, "error_msg": "$(escaped "$1")", "max_perf": 0.0,
 "cur_perf": 0.0, "cur_capacity": 0, "max_capacity": 0, "num_requests_working": 0, "num_requests_recieved": 0,
 "additional_disk_usage": 0.0, "working_request_idxs": [],
 "url": "$(escaped "$scheme://${PUBLIC_IPADDR:-}:$port")"}
END
        ); then
            say "$address was told"
        else
            say "$address could not be told: $said"
        fi
    done
}

# ---- Getting ready: each of these sets `problem` where it fails -----------------------------------------------------

sha256() { sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1; }

download() {
    daemon=$state/nullworkerd
    wanted=$(echo "${NULLWORKER_SHA256:-}" | tr 'A-F' 'a-f')
    # What a link shows of itself: it may carry a password or a signature.
    shown=$(echo "$NULLWORKER_URL" | sed 's|//[^/@]*@|//|; s|[?#].*||')
    if [ -z "$wanted" ]; then
        problem="NULLWORKER_URL is set, but not NULLWORKER_SHA256: no program is run whose checksum is not known"
        return 1
    fi
    if [ "$(sha256 "$daemon")" != "$wanted" ]; then
        say "downloading $shown"
        rm -f "$daemon.part"
        if command -v curl >/dev/null; then
            said=$(curl -fsSL --connect-timeout 10 -m 300 -o "$daemon.part" --config - 2>&1 <<END
url = "$(escaped "$NULLWORKER_URL")"
END
            )
        else
            said=$(timeout 300 wget -q -O "$daemon.part" "$NULLWORKER_URL" 2>&1)
        fi || { problem="cannot download $shown: $said"; return 1; }
        found=$(sha256 "$daemon.part")
        if [ "$found" != "$wanted" ]; then
            rm -f "$daemon.part"
            problem="$shown has the SHA-256 checksum $found, but NULLWORKER_SHA256 is $wanted: it is not run"
            return 1
        fi
        mv -f "$daemon.part" "$daemon"
    fi
    chmod 755 "$daemon"
}

find_daemon() {
    beside=
    case $0 in */*) beside=${0%/*}/nullworkerd ;; esac
    if [ -n "${NULLWORKERD:-}" ]; then
        daemon=$NULLWORKERD
    elif [ -n "${NULLWORKER_URL:-}" ]; then
        download || return 1
    elif [ -n "$beside" ] && [ -x "$beside" ]; then
        daemon=$beside
    elif ! daemon=$(command -v nullworkerd); then
        problem="no nullworkerd is beside this script or in PATH, and neither NULLWORKERD nor NULLWORKER_URL is set"
        return 1
    fi
    said=$("$daemon" --version 2>&1) || { problem="$daemon does not run here: $said"; return 1; }
    say "$daemon: $said"
}

prepare() {
    # Sessions are in it, and grants.
    if ! said=$(exec 2>&1; mkdir -p "$state" && chmod 700 "$state" && touch "$WORKSPACE_DIR/debug.log" &&
        rm -f "$state/probe.pipe" && mkfifo "$state/probe.pipe" && rm "$state/probe.pipe"); then
        problem="cannot write to WORKSPACE_DIR=$WORKSPACE_DIR as user $(id -u): $said"
        return 1
    fi
    find_daemon
}

# ---- Keeping two programs running -----------------------------------------------------------------------------------

# One shell keeps one program; these are what its signal handler knows.
stopping='' child='' killer='' tee='' others=''

# The group first, since a shell may stand between us and the program; without setsid there is none. In the one form of
# kill that all shells know for a group.
signal() { kill "-$1" "-$child" 2>/dev/null || kill "-$1" "$child" 2>/dev/null; }

# SIGTERM once, since a second one ends nullworkerd without its last report, and SIGKILL when the time is up.
end_child() {
    signal TERM
    # Deaf to a second Ctrl-C, which would come to the whole group.
    (trap '' TERM INT HUP; left=$STOP_GRACE
        while [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done; signal KILL) >/dev/null 2>&1 &
    killer=$!
}

# The handler. Passes on SIGINT as SIGTERM: background processes of a shell are deaf to the first.
stop() {
    [ -z "$stopping" ] || return 0
    stopping=yes
    for pid in $others; do kill "$pid" 2>/dev/null; done
    [ -z "$child" ] || [ -n "$killer" ] || end_child
}

# A sleep that ends soon after stop. In steps: to kill one long sleep is in vain while it is only about to start.
nap() {
    left=$1
    while [ "$left" -gt 0 ] && [ -z "$stopping" ]; do
        sleep 1 >/dev/null 2>&1 &
        wait $!
        left=$((left - 1))
    done 2>/dev/null
}

# Waits for $1 and sets `code`. A signal for this shell interrupts a wait; some shells tell of what was killed.
await() {
    code=0
    wait "$1" || code=$?
    while kill -0 "$1"; do
        code=0
        wait "$1" || code=$?
    done
} 2>/dev/null

# Copies and empties it, since tee keeps it open.
rotate() {
    size=$({ wc -c <"$1"; } 2>/dev/null) || return 0
    [ "$size" -gt "$LOG_LIMIT" ] || return 0
    cp "$1" "$1.1" 2>/dev/null || rm -f "$1.1"
    : >"$1"
}

rotate_all() { for log in debug nullworkerd consumer; do rotate "$WORKSPACE_DIR/$log.log"; done; }

group_lives() { kill -0 "-$child" 2>/dev/null; }

# Runs a command to its end and sets `code`. In a session of its own: a Ctrl-C reaches it only through us.
run() {
    pipe=$state/$name.pipe
    rm -f "$pipe"
    mkfifo -m 600 "$pipe"
    # tee ends after the last of those that write to it, and never before.
    (trap '' TERM INT HUP PIPE; exec tee -a "$WORKSPACE_DIR/$name.log") <"$pipe" 2>/dev/null &
    tee=$! killer=''
    ${setsid:+"$setsid"} "$@" >"$pipe" 2>&1 </dev/null &
    child=$!
    # A shell that has only just become a copy of this one may still lose a signal.
    [ -z "$stopping" ] || [ -n "$killer" ] || { sleep 1; end_child; }
    await "$child"
    # What it left running would work beside its successor.
    if group_lives; then
        [ -n "$killer" ] || end_child
        while group_lives; do sleep 1; done
    fi
    [ -z "$killer" ] || kill -KILL "$killer" 2>/dev/null
    child=
    rm -f "$pipe"
}

# keep NAME COMMAND…
keep() {
    name=$1 delay=1
    shift
    while [ -z "$stopping" ]; do
        began=$(now)
        run "$@"
        [ -z "$stopping" ] || break
        lasted=$(($(now) - began))
        if [ "$lasted" -ge 60 ] || [ "$code" = 0 ]; then delay=1; fi
        pause=$delay delay=$((delay * 2))
        if [ "$delay" -gt 60 ]; then delay=60; fi
        if [ "$name" = nullworkerd ]; then
            case $code in
            0) say "nullworkerd was stopped by somebody else, so all is stopped"; break ;;
            2) pause=10 delay=1 ;;
            esac
        fi
        say "$name ended with code $code after $lasted s, and is started again in $pause s"
        nap "$pause"
    done
    # Its last lines are still on their way, but something that has left the group may keep the pipe open.
    (sleep 2; kill -KILL "$tee") >/dev/null 2>&1 &
    wait "$tee" 2>/dev/null
    kill -KILL "$!" 2>/dev/null
    say "$name has ended"
}

keep_consumer() {
    others=
    trap stop TERM
    trap : INT HUP # they come to the whole group, and the first shell makes a SIGTERM of them
    # It has no use for it, and may log its environment.
    unset MASTER_TOKEN
    keep consumer sh -c "$CONSUMER_CMD"
}

keep_logs_short() {
    napping=
    trap 'kill "$napping"; exit 0' TERM
    while :; do
        rotate_all
        sleep 60 >/dev/null 2>&1 &
        napping=$!
        wait "$napping"
    done 2>/dev/null
}

# When process $1 was started. Its number alone may be another's by now.
birth_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

work() {
    mkdir -p "$WORKSPACE_DIR" 2>/dev/null # for the log; prepare tells where it fails
    say "starts with WORKSPACE_DIR=$WORKSPACE_DIR REPORT_ADDR=$REPORT_ADDR WORKER_PORT=$WORKER_PORT USE_SSL=$USE_SSL"
    # A second nullworkerd would find the port taken, tell the autoscaler so, and get this machine replaced.
    if { read -r pid birth <"$state/onstart.pid"; } 2>/dev/null && [ "$(birth_of "$pid")" = "${birth:-none}" ]; then
        say "runs already; to stop it: kill $pid"
        exit 1
    fi
    told='' give_up=$(($(now) + NULLWORKER_ERROR_LINGER))
    until prepare; do
        [ -z "$stopping" ] || exit 0
        [ "$problem" = "$told" ] || say "error: $problem"
        told=$problem
        report "$problem"
        if [ -z "$stopping" ] && [ "$(now)" -ge "$give_up" ]; then
            say "gives up"
            exit 1
        fi
        nap 10
    done
    [ -z "$stopping" ] || exit 0

    # What the shell itself has to say, such as that something was killed: a pipe without a reader would end it.
    exec 2>>"$WORKSPACE_DIR/debug.log"
    # $$ is another's number in the background.
    { read -r self _ </proc/self/stat && echo "$self $(birth_of "$self")" >"$state/onstart.pid"; } 2>/dev/null

    setsid=$(command -v setsid) || say "there is no setsid: of the consumer only its first process gets signals"
    PATH=$PATH:$(dirname "$daemon") # for the consumer, which may call the nullworker beside it
    rotate_all
    keep_logs_short &
    others=$!
    consumer=
    if [ -n "${CONSUMER_CMD:-}" ]; then
        keep_consumer &
        consumer=$!
        others="$others $consumer"
    fi
    keep nullworkerd "$daemon"
    stop
    [ -z "$consumer" ] || await "$consumer"
    rm -f "$state/onstart.pid"
    say "stopped"
    exit 0
}

main() {
    WORKSPACE_DIR=${WORKSPACE_DIR:-/workspace} REPORT_ADDR=${REPORT_ADDR:-https://run.vast.ai}
    USE_SSL=${USE_SSL:-true} WORKER_PORT=${WORKER_PORT:-3000} NULL_CONTROL_PORT=${NULL_CONTROL_PORT:-18999}
    NULLWORKER_ERROR_LINGER=${NULLWORKER_ERROR_LINGER:-60} STOP_GRACE=${STOP_GRACE:-30} LOG_LIMIT=${LOG_LIMIT:-10485760}
    export WORKSPACE_DIR REPORT_ADDR USE_SSL WORKER_PORT NULL_CONTROL_PORT NULLWORKER_ERROR_LINGER
    state=$WORKSPACE_DIR/nullworker
    # /etc/environment is left alone, though Vast's script appends its environment to it: everyone may read it, and
    # there are tokens and keys in an environment. `nullworker status` finds the daemon without.
    case "$#${1:-}" in
    0) trap stop TERM INT HUP ;;
    1--background) ;;
    1--help | 1-h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    for setting in STOP_GRACE="$STOP_GRACE" LOG_LIMIT="$LOG_LIMIT" \
        NULLWORKER_ERROR_LINGER="$NULLWORKER_ERROR_LINGER"; do
        is_number "${setting#*=}" ||
            { problem="$setting is not a whole number"; say "error: $problem"; report "$problem"; exit 2; }
    done
    if [ $# = 0 ]; then work; fi
    (trap stop TERM; trap '' HUP; work) </dev/null &
    say "in the background from here on"
}

main "$@"
