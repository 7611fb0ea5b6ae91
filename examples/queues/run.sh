#!/usr/bin/env bash
# The whole of it on one machine, for each queue that is named: its real server, a fleet whose workers each have a
# consumer beside them, and `nullworker follow`. Twenty jobs go in. While one is under way and no other is there, the
# right depth must be 1, and each of the wrong commands that docs/queues.md warns of must print what the page says. That
# job's consumer is killed, and `follow` is stopped and started again. All results come out, the workers are gone, and
# hardly a session found no job.
#
#   examples/queues/run.sh QUEUE…
#
# QUEUE is the name of a folder beside this one that has a queue.sh. nullworker and nullworkerd are taken from PATH,
# what the examples in Node need from the folder NODE_MODULES. PORT is the first of the ports used, a hundred for each queue.
# The exit code is 77 if nothing failed and the server of a queue, or a library, is not there; it is named.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
examples=$(dirname "$here")
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
[ $# -gt 0 ] || usage
for queue; do [ -f "$examples/$queue/queue.sh" ] || usage; done

# ---- one queue; a process of its own ------------------------------------------------------------------------------

if [ $# -gt 1 ]; then
    code=0 port=${PORT:-27000}
    for queue; do
        one=0
        PORT=$port "$0" "$queue" || one=$?
        case $one in
        0) ;;
        77) [ $code != 0 ] || code=77 ;;
        *) code=1 ;;
        esac
        port=$((port + 100))
    done
    exit $code
fi

queue=$1
port=${PORT:-27000} # the server's; ten are its own
fleet_url=http://127.0.0.1:$((port + 10))
jobs=20 machines=4
dir=$(mktemp -d)
chmod 711 "$dir" # a server may be another user
app=$dir/app server_dir=$dir/server
mkdir "$app" "$server_dir" "$dir/hold"
export HOLD=$dir/hold
# Debian's, which has the libraries, rather than another one that may come first.
python=/usr/bin/python3
[ -x $python ] || python=python3
node_modules=${NODE_MODULES:-$here/node_modules}

started=() stop_by=() vital=()
clean_up() {
    local code=$?
    case $code in 0 | 77 | 130) ;; *) tail -n 25 "$dir"/*.log >&2 ;; esac
    for ((i = ${#started[@]} - 1; i >= 0; --i)); do
        if runs "${started[i]}" && "${stop_by[i]}" "${started[i]}"; then wait "${started[i]}" || true; fi
    done
    rm -rf "$dir"
}
# Whether process $1 is still the one that was started here.
runs() { grep -qsx "PPid:[[:space:]]*$$" "/proc/$1/status"; }
stop_server() { kill "$1"; }
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '%-10s %4d s  %s\n' "$queue" $SECONDS "$*"; }
fail() {
    say "FAILED: $*"
    exit 1
}
skip() {
    echo "skipped $queue: $*"
    exit 77
}
# Starts a command; $1.log has what it says, and $last is its process.
spawn() {
    local name=$1
    shift
    "$@" >>"$dir/$name.log" 2>&1 </dev/null &
    last=$!
    started+=("$last")
    case $name in server | fleet) vital+=("$last") ;; esac
    case $name in server) stop_by+=(stop_server) ;; *) stop_by+=(kill) ;; esac
}
# Waits at most 240 s until the command that follows says yes.
await() {
    local what=$1 end=$((SECONDS + 240)) pid
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "$what"
        for pid in "${vital[@]}"; do runs "$pid" || fail "$what: the server or the fleet has ended"; done
        sleep 0.1
    done
}
says() { # whether command $1 prints $2, and nothing else
    local printed
    printed=$(sh -c "$1" 2>"$dir/command.log" | awk '{ sum += $1; lines = 1 } END { if (lines) print sum }') &&
        [ "$printed" = "$2" ]
}
need_program() { command -v "$1" >/dev/null || skip "there is no $1"; }
need_python() { $python -c "import $1" 2>/dev/null || skip "python3 has no $1"; }
need_node() {
    local package
    need_program node
    for package; do
        [ -e "$node_modules/$package" ] || skip "there is no $package in $node_modules"
    done
}

# ---- what the consumers say in the logs of their workers: "begin NAME" and "done NAME" ------------------------------

begun() { cat "$dir"/worker-*.log 2>/dev/null | grep -aoE '^begin [a-z0-9-]+' || true; }
results() { cat "$dir"/worker-*.log 2>/dev/null | grep -aoE '^done [a-z0-9-]+' | sort -u || true; }
has_begun() { begun | grep -qx "begin $1"; }
is_done() { results | grep -qx "done $1"; }
so_many_results() { [ "$(results | wc -l)" -ge "$1" ]; }
workers_that_say() { grep -alE "^$1\b" "$dir"/worker-*.log 2>/dev/null | sed 's/.*worker-\([0-9]*\).log/\1/'; }
fleet_answers() { grep -q 'autoscaler and console at' "$dir/fleet.log" 2>/dev/null; }
no_workers() { [ "$(grep -o 'workers .*' "$dir/follow.log" | tail -n 1 | awk '{ print $2 }')" = 0 ]; }
# How many sessions were created, and in how many of them no job began.
session_count() {
    awk 'FNR == 1 || /event=session_created/ { none += open; open = 0 } /event=session_created/ { all++; open = 1 }
         /^begin / { open = 0 } END { print all + 0, none + open }' "$dir"/worker-*.log
}

# The children of process $1, and theirs.
descendants() {
    local pid
    # shellcheck disable=SC2013 # they are words of one line
    for pid in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        echo "$pid"
        descendants "$pid"
    done
}
# The consumer of worker $1: the first of the processes that have its command line.
consumer_of() {
    local pid line=${consumers[$1 % ${#consumers[@]}]%%\$*}
    for pid in $(descendants "$fleet"); do
        if [[ " $(words_of "$pid" environ)" = *" CONTAINER_ID=$1 "* && "$(words_of "$pid" cmdline)" = "$line"* ]]; then
            echo "$pid"
            return
        fi
    done
}
words_of() { # of the file $2 of process $1, which may have ended
    { tr '\0' ' ' <"/proc/$1/$2"; } 2>/dev/null || true
}
kill_the_consumer_of() {
    local doomed all
    victim=$1
    doomed=$(consumer_of "$victim")
    [ -n "$doomed" ] || fail "the consumer of worker $victim is not to be found"
    mapfile -t all < <(echo "$doomed"; descendants "$doomed")
    kill -KILL "$doomed"
    await "what the killed consumer had started goes on" are_gone "${all[@]}"
}
are_gone() {
    local pid
    for pid; do [ ! -e "/proc/$pid" ] || return 1; done
}

# ---- the run --------------------------------------------------------------------------------------------------------

# What queue.sh sets: `need`, which skips the run where something is missing; `start_server`, `answers` and, if SIGTERM
# is not enough, `stop_server`; `put`, which puts the jobs of its input, "NAME SECONDS" a line, into the queue; `depth`,
# the right command; `traps`, the wrong ones, each after what it prints, and `more_traps` for those that take more than a
# command; `consumers`, the command lines among which each machine chooses by its number; `linger`, for how many seconds
# an idle machine is kept.
depth='' traps=() consumers=() linger=2
more_traps() { :; }
# shellcheck source=/dev/null
. "$examples/$queue/queue.sh"
need
# Of the repository, or of a package.
for library in "$examples/../consumer" "$examples/../../../nullworker/consumer"; do
    if [ -d "$library" ]; then cp "$library"/nullworker.* "$app"; fi
done
cp "$here"/work* "$examples/$queue"/* "$app"
ln -s "$node_modules" "$app/node_modules"
cd "$app"
for i in "${!consumers[@]}"; do echo "exec ${consumers[i]}" >"$app/consumer-$i"; done
# As deploy/onstart.sh does: a consumer that was killed is started again.
beside="cd $app; until sh ./consumer-\$((CONTAINER_ID % ${#consumers[@]})); do sleep 0.2; done"

# The page tells to use the one, and warns of the others.
page=$(sed 's/\\|/|/g' "$examples/../docs/queues.md")
for command in "$depth" "${traps[@]#*: }"; do
    [[ $page = *"\`$command\`"* ]] || fail "docs/queues.md does not have: $command"
done

start_follow() {
    spawn follow nullworker follow --instance local --autoscaler-url "$fleet_url" --console-url "$fleet_url" \
        --depth "$depth" --min 0 --max $machines --interval 0.5 --hysteresis 2 --patience 2 --state "$dir/follow"
    follow=$last
}
stop_follow() {
    kill "$follow"
    wait "$follow" || fail "follow ended with code $?"
}
must_be_wrong() {
    says "$2" "$1" || fail "with one job under way this is to print $1: $2"
    say "with one job under way this prints $1: $2"
}
put_jobs() { seq -f "job-%.0f $3" "$1" "$2" | put; }

start_server
await "the server does not answer" answers
spawn fleet nullworker fleet --port $((port + 10)) --worker-port $((port + 20)) --max-workers $machines \
    --inactivity-timeout "$linger" --log-dir "$dir" --consumer "$beside"
fleet=$last
await "the fleet does not start" fleet_answers
start_follow

# One that is done, since there are figures that count it for ever, and one that is held under way.
touch "$HOLD/job-2"
put_jobs 1 1 0
await "job-1 is not done" is_done job-1
put_jobs 2 2 1
await "nobody takes job-2" has_begun job-2
await "the depth is not 1 with one job under way: $depth" says "$depth" 1
for trap in "${traps[@]}"; do must_be_wrong "${trap%%: *}" "${trap#*: }"; done
more_traps
says "$depth" 1 || fail "the depth is not 1 any more: $depth"

put_jobs 3 $jobs 1
await "no job of the others is done" so_many_results 4
kill_the_consumer_of "$(workers_that_say 'begin job-2' | head -n 1)"
say "the consumer of worker $victim was killed while it did job-2"
rm "$HOLD/job-2"
await "few jobs are done" so_many_results $((jobs / 2))
stop_follow
say "follow was stopped after $(results | wc -l) jobs"
start_follow
await "not all results came out" so_many_results $jobs
await "the depth does not become 0" says "$depth" 0
await "workers are left" no_workers
stop_follow

[ "$(begun | grep -cx 'begin job-2')" -gt 1 ] || fail "job-2 did not come back"
[ "$(results | wc -l)" = $jobs ] || fail "there are $(results | wc -l) results"
says "$depth" 0 || fail "the depth is not 0"
read -r sessions unfound <<<"$(session_count)"
say "all $jobs results came out, $(begun | wc -l) jobs were begun; of $sessions sessions $unfound found no job"
[ "$unfound" -le $((machines + 2)) ] || fail "too many sessions found no job"
for i in "${!consumers[@]}"; do
    workers_that_say 'done job-[0-9]*' | awk -v n=${#consumers[@]} -v i="$i" '$1 % n == i { ++did } END { exit !did }' ||
        fail "this consumer did no job: ${consumers[i]}"
done
say "all is well"
