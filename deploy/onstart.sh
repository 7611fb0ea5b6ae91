#!/bin/sh
# Starts nullworkerd on a Vast.ai instance, in place of Vast's own pyworker, and your consumer beside it.
#
# Leave the word pyworker in: Vast keeps the text of a template's on-start field in /root/onstart.sh, and its base image
# starts a worker of its own, on the same port, unless it finds that word there.
#
# Needs sh and what coreutils or busybox have. Everything is in functions, so that a script that arrives in part through
# a pipe does nothing. For Vast's field it must be made shorter: template.md says how.
set -u

usage() {
    cat <<'END'
onstart.sh [--background]

Starts nullworkerd on a Vast.ai instance in place of Vast's own pyworker, keeps it running, and your consumer beside it.
It stays until SIGTERM or SIGINT. --background: it returns at once, for an on-start field in which more follows.

Variables, beside those that nullworkerd reads (nullworkerd --help):
  WORKSPACE_DIR            /workspace   where logs and state go; made if need be
  REPORT_ADDR              https://run.vast.ai
  WORKER_PORT              3000
  USE_SSL                  true
  CONSUMER_CMD                          your consumer, run by sh: nullworker work -- /opt/one-job
                                        or another program that stays in the foreground
  STOP_GRACE               30           seconds that a stop waits for each before it kills what is left
  NULLWORKERD                           the program; else it is looked for beside this script and in PATH
  NULLWORKER_URL                        or it is downloaded from here, with curl or wget,
  NULLWORKER_SHA256                     and run only if this is its checksum
  NULLWORKER_ERROR_LINGER  60           seconds for which the autoscaler is told, every 10 s, that there is no start
  LOG_LIMIT                10485760     bytes of a log before it becomes FILE.1 and begins anew
  WATCHDOG_INTERVAL        10           seconds between two looks at whether nullworkerd still answers; 0: never
  ONSTART_LOG              debug.log    this script's own log, where another writes its standard output to that one
  NULLWORKER_PROBLEM                    why whoever calls this script has no program for it, which is reported; where it
                                        is set, to nothing as well, this script never ends for lack of a program

Files in WORKSPACE_DIR, for the user and the group of this script alone; all logs go to standard output, too:
  debug.log                what this script does (ONSTART_LOG)
  nullworkerd.log          the daemon
  consumer.log             your consumer
  nullworker/              the session that survives a crash, the downloaded program, who runs (*.pid)

The consumer is started at once, since it may load for minutes, and `nullworker work` waits for the daemon by itself.
It finds the daemon at NULL_CONTROL_PORT, gets no MASTER_TOKEN, and SIGTERM when it is to end.
What dies is started again: after 1 s, then 2 s, up to 60 s; after 1 s if it ran for a minute or ended with 0.
A nullworkerd that cannot start (exit code 2) has told the autoscaler why, and is tried again after 10 s. Of one that
has died at three starts in a row this script tells the autoscaler. It tells nothing while a job is protected.
One that does not answer at NULL_CONTROL_PORT within 5 s, three times in a row, is frozen: it is killed and started
again, and its session goes on. That needs curl or wget.
A daemon that held a session is started again after 1 s in any case.
A stop tells the consumer first, and nullworkerd when that has ended or STOP_GRACE is over; then nullworkerd waits for a
job that is protected, by `nullworker work` for one, and nothing is killed meanwhile.
If this script itself was killed, start it again: it ends what is left of the former one, the consumer with SIGTERM.

Exit codes: 0 stopped, by a signal or because nullworkerd was stopped by one; 1 no start is possible, and the
autoscaler was told; 2 wrong usage.
On Vast's base image set SUPERVISOR_SKIP_PYWORKER=true as well, or two workers want one port.
END
}

now() { date +%s; }

# A number that every shell can count with: of at most 15 digits, and not octal.
is_number() { case $1 in '' | *[!0-9]* | 0?* | ????????????????*) return 1 ;; esac }

# $1 as one line of printable ASCII: harmless for a terminal, and proper JSON, whoever made it. Here-documents, here and
# below, because arguments of programs can be read by everyone.
ascii() {
    LC_ALL=C tr -c '\040-\176' ' ' <<END | sed 's/ *$//'
$1
END
}

# $1 as the inside of a string of JSON's or of curl's.
escaped() {
    LC_ALL=C tr '\001-\037\177' ' ' <<END | LC_ALL=C sed 's/ $//; s/[\\"]/\\&/g'
$1
END
}

# What an address shows of itself: it may carry a password or a signature.
shown() {
    LC_ALL=C sed 's|^\([^/]*//\)\{0,1\}.*[?#].*@.*|\1...|; s|[?#].*||; s|^\([^/]*//\)\{0,1\}.*@|\1|' <<END
$1
END
}

say() {
    line="$(date '+%Y-%m-%d %H:%M:%S') onstart.sh: $(ascii "$*" | cut -c -2000)"
    # Whoever reads the standard output may be gone; that must not end the script.
    (trap '' PIPE; printf '%s\n' "$line") 2>/dev/null
    (umask 027; printf '%s\n' "$line" >>"$WORKSPACE_DIR/$ONSTART_LOG") 2>/dev/null
}

# wget_within SECONDS ADDRESS OPTION… The address may carry a secret; a wget that cannot read it, like that of busybox,
# has it as an argument all the same.
wget_within() {
    limit=$1 address=$2
    shift 2
    if wget_reads; then
        timeout "$limit" wget -q "$@" -i - <<END
$address
END
    else
        timeout "$limit" wget -q "$@" "$address" # not every busybox has wget -T
    fi || { echo "wget ended with code $?"; return 1; }
}
wget_reads() { case $(wget --help 2>&1) in *--input-file*) ;; *) return 1 ;; esac }

# ---- Telling the autoscaler where there is no nullworkerd that could ------------------------------------------------

# Posts standard input to $1.
post() {
    body=$(cat)
    if command -v curl >/dev/null; then
        redirects=http,https
        case $1 in https:*) redirects=https ;; esac
        curl -gfsSL --max-redirs 3 --proto-redir "=$redirects" -m 10 -o /dev/null -H 'Content-Type: application/json' --config - <<END
url = "$(escaped "$1")"
data-binary = "$(escaped "$body")"
END
    elif command -v wget >/dev/null; then
        file=$(mktemp) && cat >"$file" <<END || return 1 # mktemp makes it readable for its owner alone
$body
END
        posted=0
        wget_within 10 "$1" -O /dev/null --header 'Content-Type: application/json' --post-file "$file" || posted=1
        rm -f "$file"
        return $posted
    else
        echo "there is neither curl nor wget"
        return 1
    fi
}

# $1 as the inside of a string of the report.
json() { escaped "$(ascii "$1")"; }

# answer PATH SECONDS: what the nullworkerd that listens here says of that.
answer() (
    unset http_proxy HTTP_PROXY all_proxy ALL_PROXY # nobody shall answer in its place
    link=http://127.0.0.1:$NULL_CONTROL_PORT$1
    if command -v curl >/dev/null; then curl -qs -m "$2" "$link"; else timeout "$2" wget -q -O - "$link"; fi
) 2>/dev/null

# Whether this container $1 has its worker all the same, whoever started it: the autoscaler would take it for broken.
is_served() { case $(answer /status 2 | tr -d '[:space:]') in *"\"container_id\":$1",* | *"\"container_id\":$1"'}'*) ;; *) return 1 ;; esac }

# Whether the state tells of a protection that is not over by the clock.
still_protects() {
    until=$(kept | sed -n 's/.*"protected_until":{[^}]*"wall_ns":\([0-9]*\)[0-9]\{9\}}.*/\1/p' | sed '$!d')
    is_number "$until" && [ "$(now)" -lt "$until" ]
}

# Tells every address of REPORT_ADDR that this worker is broken, and why. Not while a job is protected, which may run on
# without a nullworkerd: a worker that is broken is replaced, whatever runs there.
report() {
    id=${CONTAINER_ID:-} error=$(ascii "$1" | cut -c -1000)
    is_number "$id" || { say "the autoscaler cannot be told: CONTAINER_ID=$id is no number of 1 to 15 digits"; return; }
    if is_served "$id"; then
        say "a nullworkerd of this container runs already, so the autoscaler is not told"
        return
    fi
    if still_protects; then
        say "a job is protected for $((until - $(now))) s more, so the autoscaler is not told"
        return
    fi
    port=
    ! is_number "$WORKER_PORT" || eval "port=\${VAST_TCP_PORT_$WORKER_PORT:-}"
    scheme=http
    case $USE_SSL in [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn] | 1) scheme=https ;; esac
    for address in $(echo "$REPORT_ADDR" | tr ',' ' '); do
        if said=$(post "${address%/}/worker_status/" 2>&1 <<END
{"id": $id, "mtoken": "$(json "${MASTER_TOKEN:-}")", "version": "$(json "${NULLWORKER_REPORT_VERSION:-1.1.0}")",
 "loadtime": 0.0, "cur_load": 0.0, "rej_load": 0.0, "new_load": 0.0, "error_msg": "$(json "$error")", "max_perf": 0.0,
 "cur_perf": 0.0, "cur_capacity": 0, "max_capacity": 0, "num_requests_working": 0, "num_requests_recieved": 0,
 "additional_disk_usage": 0.0, "working_request_idxs": [],
 "url": "$(json "$scheme://${PUBLIC_IPADDR:-}:$port")"}
END
        ); then
            say "$(shown "$address") was told"
        else
            say "$(shown "$address") could not be told: $said"
        fi
    done
}

# Ends soon after stop, though the autoscaler may leave us waiting.
report_until_stopped() {
    report "$1" &
    wait "$!"
} 2>/dev/null

# ---- Getting ready: each of these sets `problem` where it fails -----------------------------------------------------

sha256() { sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1; }

download() {
    daemon=$state/nullworkerd
    wanted=$(echo "${NULLWORKER_SHA256:-}" | tr 'A-F' 'a-f')
    link=$(shown "$NULLWORKER_URL")
    if [ -z "$wanted" ]; then
        problem="NULLWORKER_URL is set, but not NULLWORKER_SHA256: no program is run whose checksum is not known"
        return 1
    fi
    if [ "$(sha256 "$daemon")" != "$wanted" ]; then
        say "downloading $link"
        rm -f "$daemon.part"
        if command -v curl >/dev/null; then
            said=$(curl -gfsSL --connect-timeout 10 -m 300 -o "$daemon.part" --config - 2>&1 <<END
url = "$(escaped "$NULLWORKER_URL")"
END
            )
        else
            [ "$link" = "$NULLWORKER_URL" ] || wget_reads ||
                say "this wget shows all of NULLWORKER_URL in the list of processes; install curl"
            said=$(wget_within 300 "$NULLWORKER_URL" -O "$daemon.part" 2>&1)
        fi || { problem="cannot download $link: $said"; return 1; }
        found=$(sha256 "$daemon.part")
        if [ "$found" != "$wanted" ]; then
            rm -f "$daemon.part"
            problem="$link has the SHA-256 checksum $found, but NULLWORKER_SHA256 is $wanted: it is not run"
            return 1
        fi
        mv -f "$daemon.part" "$daemon"
    fi
    chmod 755 "$daemon"
}

find_daemon() {
    problem=${NULLWORKER_PROBLEM:-}
    [ -z "$problem" ] || return 1
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
    if ! said=$(exec 2>&1; mkdir -p "$state" && chmod 700 "$state" && touch "$WORKSPACE_DIR/$ONSTART_LOG" &&
        rm -f "$state/probe.$self" && mkfifo "$state/probe.$self" && rm "$state/probe.$self"); then
        problem="cannot write to WORKSPACE_DIR=$WORKSPACE_DIR as user $(id -u): $said"
        return 1
    fi
    each_log shut
    claim
    find_daemon
}

# each_log COMMAND: of Vast's start script, which may run us by its worker.py, the first two are.
each_log() {
    for log in debug.log pyworker.log nullworkerd.log consumer.log "$ONSTART_LOG"; do "$1" "$WORKSPACE_DIR/$log"; done
}

# Makes the logs of an earlier version private, too. Not what a link leads to, which may be a terminal.
shut() {
    for file in "$1" "$1.1"; do
        if [ -f "$file" ] && [ ! -h "$file" ]; then chmod 640 "$file"; fi
    done
}

# ---- Who runs: for each process its number, and when it was started, since its number alone may be another's later --

# Nothing for one that has ended, reaped or not.
birth_of() { sed -n 's/.*) [^ZX] //p' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 19; }

# remember NAME PID: for a successor of ours.
remember() { echo "$2 $(birth_of "$2")" >"$state/$1.pid"; } 2>/dev/null

# Sets `pid` to the process of that name that we or a predecessor remembered, if it still lives.
find_remembered() {
    pid='' birth=''
    read -r pid birth <"$state/$1.pid" && is_number "$pid" && [ "$(birth_of "$pid")" = "${birth:-none}" ]
} 2>/dev/null

# Not process 1, whatever a file says: its group is everybody.
find_leftover() { find_remembered "$1" && [ "$pid" != 1 ]; }

# A second nullworkerd would find the port taken, tell the autoscaler so, and get this machine replaced.
refuse_to_be_second() {
    if find_remembered onstart && [ "$pid" != "$self" ]; then
        say "runs already; to stop it: kill $pid"
        exit 1
    fi
}

# An on-start text and a supervisor may start this script in the same moment: the last to write is the one.
claim() {
    refuse_to_be_second
    ! find_remembered onstart || return 0
    remember onstart "$self"
    sleep 1
    refuse_to_be_second
}

# What has outlived a predecessor that was killed: first those that would start again what is ended here, then the
# daemon, by a signal after which its successor has the session. The consumer is left to end_former_consumer.
end_leftovers() {
    for name in keeper watchdog logs nullworkerd; do
        if find_leftover "$name"; then
            say "kills the $name of a predecessor that was killed"
            child=$pid
            signal KILL
        fi
    done
    child='' tries=10
    while [ "$tries" -gt 0 ] && find_remembered nullworkerd; do sleep 1; tries=$((tries - 1)); done
}

end_former_consumer() {
    name=consumer
    find_leftover "$name" || return 0
    say "stops the consumer of a predecessor that was killed"
    child=$pid
    end_child
    while group_lives || find_remembered "$name"; do sleep 1; done
    kill -KILL "$killer" 2>/dev/null
    child='' killer=''
}

# ---- Keeping two programs running -----------------------------------------------------------------------------------

# One shell keeps one program; these are what its signal handler knows.
stopping='' child='' killer='' tee='' others='' watchdog='' consumer='' asker=''

# The group first, since a shell may stand between us and the program; without setsid there is none. In the one form of
# kill that all shells know for a group.
signal() { kill "-$1" "-$child" 2>/dev/null || kill "-$1" "$child" 2>/dev/null; }

# Whether nullworkerd says that a job runs that nobody is to end. One that gives no answer, such as a successor that is
# only about to start, is believed what it last wrote, for a minute.
is_protected() {
    if [ -n "$asker" ]; then
        told=$(answer /session 5)
    else
        told='"protected_until":'$(timeout 5 nullworker session --field protected_until)
    fi
    case $told in
    *'"protected_until":'[0-9]*) silent=0 ;;
    '' | '"protected_until":') silent=$((silent + 1)); [ "$silent" -le 60 ] && has_job ;;
    *) return 1 ;;
    esac
} 2>/dev/null

# SIGTERM, once for each process, by whichever of us: of a second one nullworkerd ends without its last report, and
# `nullworker work` without waiting for its job.
tell() {
    ! find_remembered "$name-told" || [ "$pid" != "$child" ] || return 0
    remember "$name-told" "$child"
    signal TERM
}

# Tells it, and kills it when the time is up and no job is protected. At a stop the consumer is told first, so that it can
# say how its job ended.
end_child() {
    first=${stopping:+$consumer}
    [ -n "$first" ] || tell
    # Deaf to a second Ctrl-C, which would come to the whole group.
    (trap '' TERM INT HUP; left=$STOP_GRACE silent=0
        if [ -n "$first" ]; then
            while [ "$left" -gt 0 ] && [ -n "$(birth_of "$first")" ]; do sleep 1; left=$((left - 1)); done
            signal TERM
            left=$STOP_GRACE
        fi
        while [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
        while is_protected; do sleep 1; left=5; done
        sleep "$left"; signal KILL) >/dev/null 2>&1 &
    killer=$!
}

# Whether the session that the daemon held is there for its successor; has_job: with a job that was protected.
has_session() { case $(kept) in *'"lease":{'*) ;; *) return 1 ;; esac; }
has_job() { case $(kept) in *'"lease":{'*'"protected_until":{'*) ;; *) return 1 ;; esac; }
kept() { cat "${NULLWORKER_STATE_DIR:-$state}"/state-*.json 2>/dev/null; }

# The handler. Passes on SIGINT as SIGTERM: background processes of a shell are deaf to the first.
stop() {
    [ -z "$stopping" ] || return 0
    stopping=yes
    for other in $others $watchdog; do kill "$other" 2>/dev/null; done
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
rotate() (
    umask 027
    size=$({ wc -c <"$1"; } 2>/dev/null) || return 0
    [ "$size" -gt "$LOG_LIMIT" ] || return 0
    cp "$1" "$1.1" 2>/dev/null || rm -f "$1.1"
    : >"$1"
)

# Not for the sake of those that have ended: process 1 may never reap them.
group_lives() {
    kill -0 "-$child" && [ -n "$(LC_ALL=C sed -n "s/.*) [^ZX] [0-9]* $child .*/lives/p" /proc/[0-9]*/stat)" ]
} 2>/dev/null

# every SECONDS COMMAND…: until SIGTERM.
every() {
    seconds=$1 napping=
    shift
    trap 'kill "$napping"; exit 0' TERM
    while :; do
        sleep "$seconds" >/dev/null 2>&1 &
        napping=$!
        wait "$napping"
        "$@"
    done
} 2>/dev/null

# Whether nullworkerd leaves a question without an answer; a 503 is one, too. One that does not listen yet, or no longer
# since it stops, has the connection refused: that is no reason to kill it.
is_silent() {
    asked=0
    case $asker in
    *curl) curl -qs -m "$patience" -o /dev/null "$health" || asked=$? ;;
    *) timeout "$patience" wget -q -O /dev/null "$health" || asked=$? ;;
    esac
    # curl's code, that of timeout, and that of what it ended
    case $asked in 28 | 124 | 143) ;; *) return 1 ;; esac
}

look_after_daemon() {
    [ "$(birth_of "$child")" = "$born" ] || exit 0
    if is_silent; then missed=$((missed + 1)); else missed=0; fi
    [ "$missed" -ge 3 ] || return 0
    [ "$(birth_of "$child")" = "$born" ] || exit 0
    trap '' TERM # which comes to us when the daemon has ended
    signal KILL # a frozen process hears no other; and before anything that writes to a disk, which may be hung
    say "nullworkerd gave no answer within $patience s, $missed times in a row, and was killed"
    exit 0
}

# A shell of its own beside the daemon.
watch_daemon() {
    unset http_proxy HTTP_PROXY all_proxy ALL_PROXY # nobody shall answer in its place
    health=http://127.0.0.1:$NULL_CONTROL_PORT/health
    missed=0 patience=5 born=$(birth_of "$child")
    if [ "$WATCHDOG_INTERVAL" -lt 4 ]; then patience=$((WATCHDOG_INTERVAL + 1)); fi
    every "$WATCHDOG_INTERVAL" look_after_daemon
}

# Runs a command to its end and sets `code`. In a session of its own: a Ctrl-C reaches it only through us.
run() {
    pipe=$state/$name.pipe
    rm -f "$pipe"
    mkfifo -m 600 "$pipe"
    # tee ends after the last of those that write to it, and never before.
    (umask 027; trap '' TERM INT HUP PIPE; exec tee -a "$WORKSPACE_DIR/$name.log") <"$pipe" 2>/dev/null &
    tee=$! killer=''
    ${setsid:+"$setsid"} "$@" >"$pipe" 2>&1 </dev/null &
    child=$!
    remember "$name" "$child"
    # A shell that has only just become a copy of this one may still lose a signal.
    [ -z "$stopping" ] || [ -n "$killer" ] || { sleep 1; end_child; }
    if [ "$name" = nullworkerd ] && [ "$WATCHDOG_INTERVAL" != 0 ] && [ -n "$asker" ] && [ -z "$stopping" ]; then
        watch_daemon &
        watchdog=$!
        remember watchdog "$watchdog"
    fi
    await "$child"
    [ -z "$watchdog" ] || kill "$watchdog" 2>/dev/null
    watchdog=
    # What it left running would work beside its successor.
    if group_lives; then
        [ -n "$killer" ] || end_child
        while group_lives; do sleep 1; done
    fi
    [ -z "$killer" ] || kill -KILL "$killer" 2>/dev/null
    child=
    rm -f "$pipe" "$state/$name.pid" "$state/$name-told.pid"
}

# Exit code $1 in words.
code_in_words() {
    if [ "$1" -gt 128 ] && [ "$1" -le 192 ] && killed_by=$(kill -l $(($1 - 128)) 2>/dev/null); then
        echo "code $1 (signal $(($1 - 128)), $killed_by)"
    else
        echo "code $1"
    fi
}

# Tells the autoscaler of a nullworkerd that could not do so itself.
count_death() {
    deaths=$((deaths + 1))
    if [ "$code" = 2 ] || [ "$lasted" -ge 10 ]; then deaths=0; fi
    [ "$deaths" -lt 3 ] || report_until_stopped \
        "nullworkerd died within 10 s of each of its last $deaths starts, now with $(code_in_words "$code")"
}

# keep NAME COMMAND…
keep() {
    name=$1 delay=1 deaths=0 once_more=
    shift
    while [ -z "$stopping" ] || [ -n "$once_more" ]; do
        began=$(now) once_more=
        run "$@"
        if [ -n "$stopping" ]; then
            # It was killed while the stop waited for its job. Its successor has the session, and waits in its place.
            case $name$code in nullworkerd134 | nullworkerd137 | nullworkerd139) ;; *) break ;; esac
            has_job || break
            say "nullworkerd ended with $(code_in_words "$code") while a job runs, and is started again for it"
            once_more=yes
            sleep 1
            continue
        fi
        lasted=$(($(now) - began))
        if [ "$lasted" -ge 60 ] || [ "$code" = 0 ]; then delay=1; fi
        pause=$delay delay=$((delay * 2))
        [ "$delay" -le 60 ] || delay=60
        if [ "$name" = nullworkerd ]; then
            case $code in
            0) say "nullworkerd was stopped by somebody else, so all is stopped"; break ;;
            2) pause=10 delay=1 ;;
            esac
            if has_session; then pause=1; fi
        fi
        say "$name ended with $(code_in_words "$code") after $lasted s, and is started again in $pause s"
        [ "$name" != nullworkerd ] || count_death
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
    end_former_consumer
    [ -n "${CONSUMER_CMD:-}" ] || return 0
    # It has no use for it, and may log its environment.
    unset MASTER_TOKEN
    # Not as an argument: it may set variables to what is a secret.
    export CONSUMER_CMD
    # shellcheck disable=SC2016 # for the shell that is started
    keep consumer sh -c 'eval "$CONSUMER_CMD"'
}

work() {
    addresses=$(for address in $(echo "$REPORT_ADDR" | tr ',' ' '); do shown "$address"; done)
    say "starts with WORKSPACE_DIR=$WORKSPACE_DIR REPORT_ADDR=$addresses WORKER_PORT=$WORKER_PORT USE_SSL=$USE_SSL"
    # $$ is another's number in the background.
    { read -r self _ </proc/self/stat; } 2>/dev/null || self=
    refuse_to_be_second
    told='' give_up=$(($(now) + NULLWORKER_ERROR_LINGER))
    until prepare; do
        [ -z "$stopping" ] || exit 0
        [ "$problem" = "$told" ] || say "error: $problem"
        told=$problem
        report_until_stopped "$problem"
        ! still_protects || give_up=$(($(now) + NULLWORKER_ERROR_LINGER))
        if [ -z "$stopping${NULLWORKER_PROBLEM+set}" ] && [ "$(now)" -ge "$give_up" ]; then
            say "gives up"
            exit 1
        fi
        nap 10
    done
    [ -z "$stopping" ] || exit 0

    # What the shell itself has to say, such as that something was killed: a pipe without a reader would end it.
    exec 2>>"$WORKSPACE_DIR/$ONSTART_LOG"
    unset NULLWORKER_URL # it may carry a secret, and nobody else needs it
    end_leftovers

    setsid=$(command -v setsid) || say "without setsid only the first process of the consumer gets signals"
    PATH=$PATH:$(dirname "$daemon") # for the consumer, which may call the nullworker beside it
    asker=$(command -v curl || command -v wget) || [ "$WATCHDOG_INTERVAL" = 0 ] ||
        say "neither curl nor wget is here: nobody would notice a frozen nullworkerd"
    each_log rotate
    every 60 each_log rotate &
    others=$! consumer=
    remember logs "$others"
    if [ -n "${CONSUMER_CMD:-}" ] || find_leftover consumer; then
        keep_consumer &
        consumer=$!
        others="$others $consumer"
        remember keeper "$consumer"
    fi
    keep nullworkerd "$daemon"
    stop
    [ -z "$consumer" ] || await "$consumer"
    for name in keeper watchdog logs onstart; do rm -f "$state/$name.pid"; done
    say "stopped"
    exit 0
}

# bound NAME MOST: makes the variable a number with which every shell can count.
bound() {
    eval "value=\$$1"
    case $value in
    '' | *[!0-9]*)
        problem="$1=$value is not a whole number"
        say "error: $problem"
        report "$problem"
        exit 2
        ;;
    esac
    while [ "$value" != "${value#0}" ] && [ ${#value} -gt 1 ]; do value=${value#0}; done # 010 is octal
    if [ ${#value} -gt ${#2} ]; then
        say "$1 is too large, $2 is taken"
        value=$2
    fi
    eval "$1=\$value"
}

# Takes line ends, blanks and quotes off both ends of the variables named, as nullworkerd does.
tidy() {
    for name; do
        eval "value=\${$name:-}"
        tidied=$(printf '%s\n' "$value" | tr -d '\r\n' | sed "s/^[[:blank:]]*//; s/[[:blank:]]*\$//
            s/^\"\\([^\"]*\\)\"\$/\\1/; s/^'\\([^']*\\)'\$/\\1/")
        if [ "$tidied" != "$value" ]; then
            say "$name is used without what stood around its value"
            eval "$name=\$tidied"
        fi
    done
}

main() {
    WORKSPACE_DIR=${WORKSPACE_DIR:-/workspace} REPORT_ADDR=${REPORT_ADDR:-https://run.vast.ai}
    USE_SSL=${USE_SSL:-true} WORKER_PORT=${WORKER_PORT:-3000} NULL_CONTROL_PORT=${NULL_CONTROL_PORT:-18999}
    NULLWORKER_ERROR_LINGER=${NULLWORKER_ERROR_LINGER:-60} STOP_GRACE=${STOP_GRACE:-30} LOG_LIMIT=${LOG_LIMIT:-10485760}
    WATCHDOG_INTERVAL=${WATCHDOG_INTERVAL:-10} ONSTART_LOG=${ONSTART_LOG:-debug.log}
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
    mkdir -p "$WORKSPACE_DIR" 2>/dev/null # for the log; prepare tells where it fails
    tidy CONTAINER_ID MASTER_TOKEN REPORT_ADDR PUBLIC_IPADDR USE_SSL WORKER_PORT NULL_CONTROL_PORT
    ! is_number "$WORKER_PORT" || tidy "VAST_TCP_PORT_$WORKER_PORT"
    bound STOP_GRACE 999999999
    bound NULLWORKER_ERROR_LINGER 99999999 # the most that nullworkerd takes
    bound WATCHDOG_INTERVAL 999999999
    bound LOG_LIMIT 999999999999999
    if [ $# = 0 ]; then work; fi
    (trap stop TERM; trap '' HUP; work) </dev/null &
    say "in the background from here on"
}

main "$@"
