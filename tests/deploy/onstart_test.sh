#!/usr/bin/env bash
# deploy/onstart.sh as a machine would run it: in a chroot with a process tree of its own, on a fleet that stands in for
# the autoscaler and the console.
#
#   tests/deploy/onstart_test.sh NULLWORKERD NULLWORKER [OPTION OF nullworker fleet…]
#
# The two programs must be static. There are three roots: one with dash, coreutils and curl, like Debian's images, one
# with nothing but busybox, like Alpine's, where there is a static one, and one with bash, coreutils and wget. They are
# tested at the same time. The first of the ports is PORT, 25000 if that is not set, and the last is 659 further on.
#
# Exit code 77: no namespaces to be had here, so nothing was tested.
# shellcheck disable=SC2317 # check and traps call functions here
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
daemon=$(realpath "$1") client=$(realpath "$2") onstart=$(realpath "$(dirname "$0")/../../deploy/onstart.sh")
shift 2
fleet_options=("$@")
. "$(dirname "$0")/lib.sh"

# What template.md says about an on-start field.
for_field() { sed '2,${/^Variables,/,/^On Vast/d;/^ *#/d;s/^ *//;s/ # .*//;/^$/d;}' "$onstart"; }

# ---- A root ---------------------------------------------------------------------------------------------------------

# What onstart.sh may use, and what the tests do in the root.
tools=(cat chmod cp cut date dirname env id mkdir mkfifo mktemp mv rm sed setsid sha256sum sleep tee timeout touch tr
    wc)

# Makes `root`, without nullworkerd.
make_root() {
    local tool programs shell
    mkdir -p "$root"/{bin,dev,proc,root,srv,tmp,usr/local/bin}
    if [ "$kind" = busybox ]; then
        cp -L "$(command -v busybox)" "$root/bin/busybox"
        (cd "$root/bin" && for tool in sh wget "${tools[@]}"; do ln -s busybox "$tool"; done)
        poster=wget
    else
        shell=sh poster=curl
        [ "$kind" != bash ] || shell=bash poster=wget
        mapfile -t programs < <(type -P "$shell" "$poster" "${tools[@]}")
        cp -L "${programs[@]}" "$root/bin"
        [ "$shell" = sh ] || mv "$root/bin/$shell" "$root/bin/sh"
        mapfile -t programs < <(ldd "${programs[@]}" | grep -o '[[:space:]]/[^ :]*' | sort -u)
        # Each at its own place, the loader among them.
        tar -ch "${programs[@]//[[:space:]]/}" 2>/dev/null | tar -x -C "$root"
    fi
    if [ "$kind" = busybox ]; then for_field >"$root/root/onstart.sh"; else cat "$onstart" >"$root/root/onstart.sh"; fi
    cp "$daemon" "$root/srv/nullworkerd"
    # Tells with which arguments it was called, since others could see them, too.
    cat >"$root/usr/local/bin/$poster" <<END
#!/bin/sh
echo "\$*" >>/srv/posted
exec /bin/$poster "\$@"
END
    # The consumer: a shell with a child, both of which end properly.
    cat >"$root/root/consumer.sh" <<'END'
#!/bin/sh
trap 'sleep 1; echo "cleaned up, draining $(nullworker status --field draining)" >>/workspace/events; exit 0' TERM
echo "started, port $NULL_CONTROL_PORT, token ${MASTER_TOKEN:-none}" >>/workspace/events
/root/onstart.sh >>/workspace/second 2>&1
(until nullworker session >/dev/null 2>&1; do sleep 0.1; done
    STOP_GRACE=none WORKSPACE_DIR=/tmp /root/onstart.sh >/workspace/third 2>&1) &
(while session=$(nullworker wait --field session_id); do
    echo "reserved $session" >>/workspace/events
    nullworker wait --since "$(nullworker session --field generation)"
done) &
while :; do
    sleep 1 &
    wait $!
done
END
    # One that does not end when it is told to.
    cat >"$root/root/stubborn.sh" <<'END'
#!/bin/sh
trap 'echo "told to end" >>"$WORKSPACE_DIR/events"' TERM
echo "started, port $NULL_CONTROL_PORT" >>"$WORKSPACE_DIR/events"
while :; do sleep 1; done
END
    # A job: it notes each signal that it gets, and ends when it may.
    cat >"$root/root/job.sh" <<'END'
#!/bin/sh
signals=0
trap 'signals=$((signals + 1))' TERM INT HUP
echo begun >>"$WORKSPACE_DIR/events"
until [ -e "$WORKSPACE_DIR/may-end" ]; do sleep 0.1; done
rm "$WORKSPACE_DIR/may-end"
echo "ended, signals $signals" >>"$WORKSPACE_DIR/events"
END
    # In place of nullworkerd: one that prints what no terminal should see, one that crashes, one that never listens.
    cat >"$root/srv/noisy" <<'END'
#!/bin/sh
printf 'a \377\033]0;seized\007 "b"\\ \302\233c\nd\n'
exit 1
END
    cat >"$root/srv/crashing" <<'END'
#!/bin/sh
[ "${1:-}" != --version ] || { echo crashing; exit; }
kill -SEGV $$
END
    cat >"$root/srv/slow" <<'END'
#!/bin/sh
[ "${1:-}" != --version ] || { echo slow; exit; }
touch /srv/slow-started
exec sleep 1000
END
    chmod +x "$root"/root/* "$root/usr/local/bin/$poster" "$root"/srv/*
    # What a fleet runs in place of nullworkerd. It enters the root with the environment that the fleet gave it, changed
    # by the file worker-ID, and keeps the secret for the tests.
    cat >"$work/worker" <<END
#!/usr/bin/env bash
set -e
cd "$work"
(umask 077; echo "\$MASTER_TOKEN" >>tokens)
# Paths of the fleet's must be good in here, too.
for file in "\${SSL_CERT_FILE:-}" "\${NULLWORKER_TLS_KEY:-}" "\${NULLWORKER_TLS_CERTIFICATE:-}"; do
    [ -n "\$file" ] || continue
    mkdir -p "$root\${file%/*}"
    [ ! -e "\$file" ] || { cp "\$file" "$root\$file.\$\$"; mv -f "$root\$file.\$\$" "$root\$file"; }
done
echo "\${SSL_CERT_FILE:-}" >authority
unset CURL_CA_BUNDLE SSL_CERT_DIR # the machine's own, which have no place in there
unset NULLWORKER_STATE_DIR # none, where the default is to be tested
export ONSTART_TEST="$work"
# The fleet starts others in place of the faulty ones.
[ -e "$work/worker-\$CONTAINER_ID" ] || exec sleep 1000
. "$work/worker-\$CONTAINER_ID"
exec ${isolate[*]} sh -c '
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc" || mount --rbind /proc "$root/proc"
    enter="chroot $root env PATH=/usr/local/bin:/bin /root/onstart.sh"
    [ -n "\${BACKGROUND:-}" ] || exec \$enter
    # The end of this shell would be the end of the root.
    trap : TERM
    \$enter --background
    \$enter --background
    kept="$root\$WORKSPACE_DIR/nullworker/onstart.pid"
    until [ -e "\$kept" ]; do sleep 0.1; done
    while [ -e "\$kept" ]; do
        if [ -e "$root/kill-\$CONTAINER_ID" ]; then
            rm "$root/kill-\$CONTAINER_ID"
            read -r main _ <"\$kept"
            kill -KILL "\$main"
            \$enter --background
        fi
        sleep 0.1
    done'
END
    chmod +x "$work/worker"
}

# ---- The tests ------------------------------------------------------------------------------------------------------

test_life() {
    local events=$root/workspace/events log=$root/workspace/nullworkerd.log code=0 hold orphan control=$(($1 + 12))
    cp "$daemon" "$client" "$root/usr/local/bin/"
    echo 'export CONSUMER_CMD="WHISPER=whisper /root/consumer.sh; exit"' >"$work/worker-1"
    echo 'export STOP_GRACE=10 LOG_LIMIT=1000 WATCHDOG_INTERVAL=1' >>"$work/worker-1"
    echo whisper >>"$work/tokens"
    mkdir "$root/workspace"
    head -c 2000 /dev/zero >"$root/workspace/consumer.log"
    touch "$root/workspace/nullworkerd.log.1"
    start_fleet "$1" --min-load 100 --max-workers 1
    check "the worker becomes ready" told 'worker 1: loading [^ ]* idle'
    check "the consumer is started, with the control port and without the token" \
        grep -qx "started, port $control, token none" "$events"
    check "a second onstart.sh harms nobody" grep -q 'runs already' "$root/workspace/second"
    check "nor does the autoscaler hear of one that cannot start beside it" \
        grep -q 'the autoscaler is not told' "$root/workspace/third"
    check "a log that has grown too long makes room" is_long "$root/workspace/consumer.log.1" 2000
    check "all logs are private, those of earlier versions, too" are_private "$root"/workspace/*.log*

    mkfifo "$work/release"
    ask hold -- cat "$work/release" >"$work/hold.log" 2>&1 &
    hold=$!
    started+=("$hold")
    check "a session is held" told 'request 1: working'
    check "the consumer sees the reservation" grep -q '^reserved .' "$events"
    check "it waits for the end of it" are '^nullworker wait --since' 1
    session=$("$client" session --control-port "$control" --field session_id)
    processes '^/usr/local/bin/nullworkerd' | xargs kill -KILL
    check "a nullworkerd that was killed is started again" counted "$log" event=listening 2
    check "the session has survived" survived "$control"
    orphan=$(processes '^nullworker wait')
    processes '^/bin/sh /root/consumer.sh' | xargs kill -KILL || true # some of them end with others
    check "a consumer that was killed is started again" counted "$events" '^started' 2
    check "what it had left running was ended before" not is_alive "$orphan"
    check "the new consumer sees the same reservation" counted "$events" "^reserved $session" 2
    processes '^/usr/local/bin/nullworkerd' | xargs kill -STOP
    check "a nullworkerd that is frozen is killed and started again" counted "$log" event=listening 3
    check "the session has survived that, too" survived "$control"
    check "the script's log says why" counted "$root/workspace/debug.log" 'gave no answer .* and was killed' 1
    check "no secret is in a log or in a command line" no_secret_shown
    : >"$work/release"
    wait "$hold" || code=$?
    check "the session ends properly" test "$code" = 0

    stop_fleet
    check "SIGTERM stops the worker, and it exits with 0" told 'worker 1: stopping [^ ]* stopped  (exited with status 0)'
    check "its consumer could clean up" counted "$events" '^cleaned up' 1
    check "before the worker was told" grep -qx 'cleaned up, draining false' "$events"
    check "nobody is left" are . 0
    check "nullworkerd said good-bye" grep -q event=stopped "$log"
    check "the script's log tells of all restarts, soon while a session is held" \
        counted "$root/workspace/debug.log" 'is started again in 1 s' 3
    check "what is in the logs was on standard output, too" grep -q event=stopped "$work/worker-1.log"
}
are_private() { [ $# -ge 5 ] && ! stat -c %a "$@" | grep -qvx 640; }
is_long() { [ "$(wc -c <"$1")" = "$2" ]; }

# Each worker of this fleet has another fault.
test_faults() {
    local sum serve=file:///srv/nullworkerd huge=999999999999999999999999999999 posted hold code=0 control
    local events=$root/workspace-6/events log=$root/workspace-6/debug.log
    sum=$(sha256sum "$daemon" | cut -d ' ' -f 1)
    # busybox's wget takes an address as an argument only.
    posted=("$root/srv/posted")
    [ "$kind" != busybox ] || posted=()
    if [ "$poster" = wget ]; then
        busybox httpd -f -p 127.0.0.1:$(($1 + 9)) -h "$root/srv" &
        started+=($!)
        serve=http://127.0.0.1:$(($1 + 9))/nullworkerd
    fi
    cat >"$work/faults" <<END
export NULLWORKER_ERROR_LINGER=30 WORKSPACE_DIR=/workspace-\$CONTAINER_ID
END
    echo ". $work/faults" | tee "$work"/worker-{1,2,3,4,5,6,7,8,9,10} >/dev/null
    echo "export NULLWORKER_ERROR_LINGER=$huge STOP_GRACE=$huge LOG_LIMIT=$huge WATCHDOG_INTERVAL=$huge" >>"$work/worker-1"
    echo "export NULLWORKER_URL=$serve?key=hush" | tee -a "$work"/worker-{2,3,4} >/dev/null
    echo "export NULLWORKER_SHA256=${sum/[0-9]/x}" >>"$work/worker-3"
    echo "export NULLWORKER_SHA256=$sum STOP_GRACE=010 LOG_LIMIT=$huge; unset PUBLIC_IPADDR" >>"$work/worker-4"
    echo 'export NULLWORKERD=/srv/nullworkerd WORKSPACE_DIR="/srv/nullworkerd/\"no"' >>"$work/worker-5"
    cp "$daemon" "$root/srv/steady"
    cp "$daemon" "$root/srv/working"
    cp "$client" "$root/usr/local/bin/"
    echo 'export NULLWORKERD=/srv/steady BACKGROUND=yes CONSUMER_CMD=/root/stubborn.sh STOP_GRACE=2' >>"$work/worker-6"
    echo 'export NULLWORKERD=/srv/noisy' >>"$work/worker-7"
    echo 'export NULLWORKERD=/srv/crashing' >>"$work/worker-8"
    echo 'export NULLWORKERD=/srv/slow WATCHDOG_INTERVAL=1' >>"$work/worker-9"
    echo 'export NULLWORKERD=/srv/working BACKGROUND=yes CONSUMER_CMD="exec nullworker work --keep -- /root/job.sh"' \
        >>"$work/worker-10"
    start_fleet "$1" --min-load 1000 --max-workers 10
    check "a missing nullworkerd is reported to the autoscaler" told 'worker 1: .*error  (no nullworkerd is'
    check "numbers with which no shell can count are no obstacle" counted "$root/workspace-1/debug.log" 'is too large' 4
    check "a download without a checksum is reported" told 'worker 2: .*error  (.*not NULLWORKER_SHA256'
    check "a download with another checksum is reported" told 'worker 3: .*error  (.*it is not run'
    check "and nothing of it is kept" nothing_kept "$root/workspace-3/nullworker"
    check "one with the right checksum is run, and reports that a variable is missing" \
        told 'worker 4: .*error  (PUBLIC_IPADDR is not set'
    check "a workspace that cannot be written to is reported, in proper JSON" \
        told 'worker 5: .*error  (cannot write to WORKSPACE_DIR=.*\\"no'
    check "one without a fault, in the background, becomes ready" told 'worker 6: loading [^ ]* idle'
    check "of two that were started in the same moment one gives way" counted "$log" 'runs already' 1
    check "what a broken one prints is reported, in proper JSON" told 'worker 7: .*error  (.*does not run here: a .*seized'
    check "and does nothing to a terminal" \
        not env LC_ALL=C grep -q '[^ -~]' "$root/workspace-7/debug.log" "$work/worker-7.log"
    check "one that crashes at each start is reported" told 'worker 8: .*error  (nullworkerd died.*(signal 11, SEGV)'

    mkfifo "$work/release-6"
    ask hold -- cat "$work/release-6" >"$work/hold-6.log" 2>&1 &
    hold=$!
    started+=("$hold")
    check "a session is held" told 'request 1: working'
    ask hold >"$work/hold-10.log" 2>&1 &
    started+=($!)
    check "and another" told 'request 2: working'
    control=$(sed -n 's/.*port //p' "$events")
    session=$("$client" session --control-port "$control" --field session_id)
    : >"$root/kill-6"
    check "a consumer whose onstart.sh was killed is told to end by the next" counted "$events" '^told to end' 1
    check "it is killed when its time is up, and there is a new one" counted "$events" '^started' 2
    check "no other is left" are '^/bin/sh /root/stubborn.sh' 1
    check "nullworkerd was started again, and there is no other" are '^/srv/steady' 1
    check "the session has survived" survived "$control"
    check "nobody is left who would start them again" counted "$log" 'of a predecessor that was killed' 5
    : >"$work/release-6"
    wait "$hold" || code=$?
    check "the session ends properly" test "$code" = 0
    check "the autoscaler never heard of a port that is taken" not told 'worker 6: .*error'

    test_protected

    check "one that does not listen yet" is_old "$root/srv/slow-started" 8
    check "is left alone" not grep -q 'gave no answer' "$root/workspace-9/debug.log"
    check "no secret was in a log or in a command line" no_secret_shown
    check "nor was the download's" not grep -rqF hush "$root/workspace"* "$work"/worker-*.log "${posted[@]}"
    stop_fleet
    # The ninth never reported, and may have been replaced by now.
    check "SIGTERM ended all of them" \
        counted "$work/fleet.log" 'worker \([1-8]\|10\): stopping [^ ]* stopped  (exited with status 0)' 9
    check "nobody is left" are . 0
}

# A job that `nullworker work` protects, on the tenth worker.
test_protected() {
    local log=$root/workspace-10/debug.log events=$root/workspace-10/events told=$root/workspace-10/consumer.log
    check "a job begins" counted "$events" begun 1
    : >"$root/kill-10"
    check "\`nullworker work\` is told to end where its onstart.sh was killed" counted "$told" event=stopping 1
    : >"$root/kill-10"
    check "and once more its onstart.sh is killed" counted "$log" 'stops the consumer of a predecessor' 2
    check "nullworkerd is there again" counted "$root/workspace-10/nullworkerd.log" event=listening 3
    mv "$root/srv/working" "$root/srv/whole"
    cp "$root/srv/crashing" "$root/srv/working"
    processes '^/srv/working' | xargs kill -KILL
    check "though nullworkerd crashes at each start now, the autoscaler is not told while the job is protected" \
        grep -q 'a job is protected .* not told' "$log"
    mv "$root/srv/whole" "$root/srv/working"
    check "with a whole one the work goes on" counted "$root/workspace-10/nullworkerd.log" event=listening 4
    : >"$root/workspace-10/may-end"
    check "the job ends, and no signal came to it" counted "$events" '^ended, signals 0' 1
    check "the autoscaler never heard of it" not told 'worker 10: .*error'
}

is_old() { [ $(($(date +%s) - $(stat -c %Y "$1"))) -ge "$2" ]; }
nothing_kept() { [ -d "$1" ] && [ -z "$(find "$1" -name 'nullworkerd*')" ]; }

# run_test TEST KIND FIRST-PORT
run_test() {
    kind=$2 work=$dir/$2-$1 root=$dir/$2-$1/root
    mkdir -p "$work"
    make_root
    "test_$1" "$3"
}

port=${PORT:-25000} kinds=(coreutils)
case "$(command -v busybox) ${fleet_options[*]-}" in
' '*) echo "without busybox and wget: there is no busybox here" ;;
*--tls*) echo "without busybox and wget: the first knows no HTTPS, the second not this test's certificates" ;;
*) if ldd "$(command -v busybox)" >/dev/null 2>&1; then
       echo "without busybox: the one here is not static"
   else
       kinds+=(busybox)
   fi
   if [ -z "$(command -v wget)" ]; then echo "without wget: there is none here"; else kinds+=(bash); fi ;;
esac
for kind in "${kinds[@]}"; do
    for test in life faults; do
        beside run_test "$test" "$kind" "$port"
        port=$((port + 110))
    done
done
kind=any
# Vast takes an on-start field of at most 16 KB.
check "onstart.sh fits into Vast's field" test "$(for_field | wc -c)" -lt 16000
check "and names the pyworker in there" test "$(for_field | grep -c pyworker)" -gt 0
join
