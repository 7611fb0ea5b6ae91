#!/usr/bin/env bash
# A repository for PYWORKER_REPO as a machine would run it: Vast's start script, in both of its versions (start_script),
# clones it under a supervisor (supervisor), each in a root with a process tree of its own, on a fleet that stands in for
# the autoscaler and the console.
#
#   tests/deploy/pyworker_test.sh NULLWORKERD NULLWORKER
#
# The two programs must be static. A root has what /usr has here: Python, Git, curl and openssl. The first of the ports is
# PORT, 28000 if that is not set, and the last is 559 further on.
#
# Exit code 77: no namespaces to be had here, so nothing was tested.
# shellcheck disable=SC2317 # check and `beside` call functions here
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
daemon=$(realpath "$1") client=$(realpath "$2") here=$(realpath "$(dirname "$0")")
fleet_options=()
. "$here/lib.sh"
machine=$(uname -m)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=test GIT_COMMITTER_NAME=test
export GIT_AUTHOR_EMAIL=test@localhost GIT_COMMITTER_EMAIL=test@localhost

# ---- The repository -------------------------------------------------------------------------------------------------

# Two versions of it, whose programs differ by a byte that no one reads.
make_versions() {
    local version
    for version in one two; do
        mkdir "$dir/$version"
        cp "$daemon" "$dir/$version/nullworkerd"
        cp "$client" "$dir/$version/nullworker"
    done
    echo >>"$dir/two/nullworkerd"
    for version in one two; do
        XZ_LEVEL=0 "$here/../../scripts/pyworker" "$dir/$version/content" "$machine=$dir/$version" &
    done
    wait
}

# Makes the repository of the root, and a clone of it for what is pushed.
make_repository() {
    git init -q --bare -b main "$root/srv/repository"
    git init -q -b main "$work/clone"
    git -C "$work/clone" remote add origin "$root/srv/repository"
    cp "$dir/one/content"/* "$work/clone/"
}
# push OPTION…: what the clone has become.
push() {
    git -C "$work/clone" add --all
    git -C "$work/clone" commit -q "$@" -m 'a version'
    git -C "$work/clone" push -q --force --tags origin main
}
push_version_two() {
    cp "$dir/two/content"/* "$work/clone/"
    push "$@"
}
head_of() { git -C "$1" rev-parse main; }
has_head_of_repository() { [ "$(git -C "$clone" rev-parse HEAD)" = "$(head_of "$root/srv/repository")" ]; }
is_clean() { [ -d "$clone/.git" ] && [ -z "$(git -C "$clone" status --porcelain --ignored)" ]; }

# ---- A root ---------------------------------------------------------------------------------------------------------

# Makes `root`. What /usr has is there once the worker enters it.
make_root() {
    local folder
    mkdir -p "$root"/{dev,etc/ssl,proc,root,srv,stub,tmp,usr,workspace}
    for folder in bin lib lib32 lib64 libx32 sbin; do
        if [ -L "/$folder" ]; then cp -P "/$folder" "$root/"; elif [ -d "/$folder" ]; then mkdir "$root/$folder"; fi
    done
    echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
    echo '127.0.0.1 localhost' >"$root/etc/hosts"
    touch "$root/etc/environment"
    printf '[req]\ndistinguished_name = name\n[name]\n' >"$root/etc/ssl/openssl.cnf"
    cp "$here/start_script" "$here/supervisor" "$root/root/"
    # One around it that hears SIGTERM when it has ended.
    cat >"$root/root/wrapper" <<'END_OF_WRAPPER'
#!/usr/bin/env bash
trap 'exit 143' TERM
/root/start_script "$@"
END_OF_WRAPPER
    # An environment is a folder that leads to this Python, and nothing is fetched.
    cat >"$root/stub/uv" <<'END_OF_UV'
#!/bin/sh -e
echo "$*" >>/srv/uv
case "$1 $2 ${3:-}" in
venv*)
    mkdir -p "$2/bin"
    ln -s /usr/bin/python3 "$2/bin/python3"
    echo "PATH=$2/bin:\$PATH" >"$2/bin/activate"
    ;;
"pip install -r") cat "$4" >/dev/null ;;
esac
END_OF_UV
    # A job: it notes each signal that it gets, and ends when it may.
    cat >"$root/root/job" <<'END_OF_JOB'
#!/bin/sh
signals=0
trap 'signals=$((signals + 1))' TERM INT HUP
echo begun >>/srv/events
until [ -e /srv/may-end ]; do sleep 0.1; done
rm /srv/may-end
echo "ended, signals $signals" >>/srv/events
END_OF_JOB
    # One that may have another workspace, in which nobody knows of a worker that runs.
    cat >"$root/root/elsewhere" <<'END_OF_ELSEWHERE'
#!/usr/bin/env bash
[ ! -e /srv/elsewhere ] || export WORKSPACE_DIR=/elsewhere
exec /root/start_script "$@"
END_OF_ELSEWHERE
    chmod +x "$root/stub/uv" "$root/root"/{job,wrapper,elsewhere}
    # What a fleet runs in place of nullworkerd. It enters the root with the environment that the fleet gave it, changed
    # by the file settings, and keeps the secret for the tests.
    cat >"$work/worker" <<END_OF_WORKER
#!/usr/bin/env bash
set -e
(umask 077; echo "\$MASTER_TOKEN" >>"$work/tokens")
echo "\${SSL_CERT_FILE:-}" >"$work/authority"
if [ -n "\${SSL_CERT_FILE:-}" ]; then
    cp "\$SSL_CERT_FILE" "$root/etc/roots.pem"
    export SSL_CERT_FILE=/etc/roots.pem
fi
export CONSOLE_URL=\$NULLWORKER_CONSOLE_URL
# As on Vast: the pair is in /etc, and all else where it is by default.
unset NULLWORKER_TLS_KEY NULLWORKER_TLS_CERTIFICATE NULLWORKER_STATE_DIR SSL_CERT_DIR CURL_CA_BUNDLE
unset \${!GIT_*} \${!PYTHON*} WORKSPACE_DIR
export ONSTART_TEST="$work" HOME=/root PYWORKER_REPO=/srv/repository VAST_CONTAINERLABEL=test
. "$work/settings"
exec ${isolate[*]} sh -c '
    for folder in dev usr bin lib lib32 lib64 libx32 sbin; do
        if [ -d "$root/\$folder" ] && [ ! -L "$root/\$folder" ]; then mount --rbind "/\$folder" "$root/\$folder"; fi
    done
    mount -t proc proc "$root/proc" || mount --rbind /proc "$root/proc"
    exec chroot "$root" /usr/bin/env PATH=/stub:/usr/bin:/bin /root/supervisor /srv/control /srv/supervisor.log \
        "/root/\${STARTER:-start_script}" "\$VERSION"'
END_OF_WORKER
    chmod +x "$work/worker"
}

supervisor_told() { printf '%s\n' "$@" | cmp - "$root/srv/supervisor.log"; }
supervisor_does() { echo "$1" >"$root/srv/control"; }
daemons() { processes "^/workspace/nullworker/bin/nullworkerd-$1"; }
daemons_are() { [ "$(daemons "$1" | wc -l)" = "$2" ]; }
# Of all but the supervisor.
nothing_runs() { are 'tee -a\|onstart\.sh\|nullworker\|python3' 0; }
checksum() { sha256sum "$1" | cut -c -16; }

# A session that is held until `release_it`.
hold_session() {
    mkfifo "$work/release"
    ask hold -- cat "$work/release" >"$work/hold.log" 2>&1 &
    hold=$!
    started+=("$hold")
    check "a session is held" told 'request 1: working'
    session=$("$client" session --control-port "$control" --field session_id)
}
release_it() {
    local code=0
    : >"$work/release"
    wait "$hold" || code=$?
    check "the session ends properly" test "$code" = 0
}

# A session with a protected job in it.
hold_job() {
    hold_session
    check "a job runs" counted "$events" begun 1
}
end_job() {
    check "the job still runs" not grep -q ended "$events"
    : >"$root/srv/may-end"
    check "the job ends, and no signal came to it" counted "$events" '^ended, signals 0' 1
}
is_draining() { [ "$("$client" status --control-port "$control" --field draining)" = true ]; }

finish() {
    check "the clone is as it was pushed" is_clean
    check "no secret is in a log or in a command line" no_secret_shown
    stop_fleet
    check "nobody is left" are . 0
}

# ---- The tests ------------------------------------------------------------------------------------------------------

# Run, reserve, crash, release, stop; with a clone that has lost its run bits, and without a consumer.
test_life() {
    settings 'VERSION=NEW LOG_LIMIT=1000'
    head -c 2000 /dev/zero | tr '\0' '\n' >"$root/workspace/pyworker.log"
    chmod -x "$work/clone"/*
    push
    start
    check "the programs are in the workspace, named by their checksums, and may be run" has_in_bin one
    check "what worker.py becomes ignores no signal" ignores_no_signal
    check "a pyworker.log that has grown too long makes room" test -s "$root/workspace/pyworker.log.1"
    hold_session
    daemons . | xargs kill -KILL
    check "a nullworkerd that was killed is started again, though there is no consumer" counted "$log" event=listening 2
    check "the session has survived" survived "$control"
    release_it
    supervisor_does stop
    check "the script dies of SIGTERM" supervisor_told started 'ended with code 143'
    check "nullworkerd is stopped all the same, and says good-bye" grep -q event=stopped "$log"
    check "nobody is left of it" nothing_runs
    check "no line of ours is twice in debug.log" no_line_twice
    check "and none is missing of what onstart.sh says" same_lines
    finish
}
ignores_no_signal() {
    local pid
    for pid in $(processes 'onstart\.sh'); do
        if grep -q 'SigIgn:[[:blank:]]*0*$' "/proc/$pid/status"; then return 0; fi
    done
    return 1
}
has_in_bin() {
    diff <(cd "$root/workspace/nullworker/bin" && stat -c '%a %n' -- *-* && readlink nullworker) - <<END_OF_NAMES
755 nullworker-$(checksum "$dir/$1/nullworker")
755 nullworkerd-$(checksum "$dir/$1/nullworkerd")
nullworker-$(checksum "$dir/$1/nullworker")
END_OF_NAMES
}
ours() { grep ' onstart\.sh: \|event=' "$root/workspace/debug.log"; }
no_line_twice() { ours | grep -q . && [ -z "$(ours | sort | uniq -d)" ]; }
same_lines() { cmp <(ours | grep ' onstart\.sh: ') <(grep ' onstart\.sh: ' "$root/workspace/onstart.log"); }

# The instance has restarted, and its on-start text and its supervisor start the script in the same moment.
test_starters() {
    settings 'VERSION=OLD'
    push
    start
    supervisor_does stop
    check "nobody is left of the first start" nothing_runs
    supervisor_does $'onstart\nstart'
    check "of two starters one waits" counted "$root/workspace/debug.log" 'worker.py: waits for' 1
    check "the other has started nullworkerd" counted "$log" event=ready 2
    check "which is alone" daemons_are . 1
    daemons . | xargs kill -TERM
    check "when that has ended, the one that has waited takes over" counted "$log" event=ready 3
    check "and the first has ended well" counted "$root/workspace/debug.log" 'the start script has ended' 1
    check "nullworkerd is alone again" daemons_are . 1
    check "the autoscaler never heard of an error" not told 'worker 1: .*error'
    finish
}

# A nullworkerd runs of which the workspace says nothing.
test_elsewhere() {
    local said=$root/elsewhere/debug.log
    settings 'VERSION=NEW STARTER=elsewhere'
    push
    start
    touch "$root/srv/elsewhere"
    supervisor_does onstart
    check "one that comes in another workspace waits, too" counted "$said" 'worker.py: waits for' 1
    processes 'python3 -m worker' | xargs kill -TERM
    check "it ends well when it is told to, as nullworkerd would" counted "$said" 'the start script has ended' 1
    supervisor_does onstart
    check "another one waits" counted "$said" 'worker.py: waits for' 2
    daemons . | xargs kill -TERM
    check "and takes over when the nullworkerd there has ended" grep -q event=ready "$root/elsewhere/nullworkerd.log"
    check "the autoscaler never heard of an error" not told 'worker 1: .*error'
    finish
}

# An update is forced while a protected job runs, and nullworkerd is told to stop.
test_update() {
    settings "VERSION=NEW PYWORKER_REF=main $consumer"
    push
    start
    hold_job
    force_update
    push_version_two
    daemons . | xargs kill -TERM
    check "nullworkerd waits for the job" is_draining
    end_job
    check "the script ends with 0, and is not started again by itself" \
        supervisor_told started 'ended with code 0'
    supervisor_does start
    check_version_two
    finish
}
# By the route, with the token.
force_update() {
    sed 's/^/Authorization: Bearer /' "$work/tokens" >"$work/authorization"
    check "an update is asked for" curl -sS -f -X POST -H "@$work/authorization" "http://127.0.0.1:$public/pyworker/update"
    check "the start script is told" test -e "$root/.force_update"
}
check_version_two() {
    check "the clone is the second version" has_head_of_repository
    check "the second version runs" daemons_are "$(checksum "$dir/two/nullworkerd")" 1
    check "there is no other" daemons_are . 1
    check "it is ready" counted "$log" event=ready 2
    check "the update is done" test ! -e "$root/.force_update"
}

# An update is forced while a protected job runs, and the supervisor restarts the script, which dies at once: of a SIGTERM
# of its own, or of one for the whole group, in which it takes its readers along.
test_restart() {
    settings "VERSION=NEW $consumer"
    check_restart
}
test_group() {
    settings "VERSION=NEW STOP_AS_GROUP=true $consumer"
    check_restart
}
check_restart() {
    push
    start
    hold_job
    force_update
    push_version_two
    supervisor_does restart
    check "the script dies of SIGTERM, and is started again" \
        supervisor_told started 'ended with code 143' started
    check "nullworkerd waits for the job" is_draining
    check "and the next starter for nullworkerd" counted "$root/workspace/debug.log" 'worker.py: waits for' 1
    end_job
    check_version_two
    finish
}

# What is around the script does not die of SIGTERM, so after 10 s the supervisor kills them all.
test_killed() {
    settings "VERSION=OLD STARTER=wrapper $consumer"
    push
    start
    hold_job
    supervisor_does restart
    check "the script is killed, and started again" \
        supervisor_told started killed 'ended with code 137' started
    check "nullworkerd is started again, too" counted "$log" event=ready 2
    check "the session has survived" survived "$control"
    end_job
    finish
}

# Updates that cannot be: by a tag, and of a history that is another one. The script ends, as the pages say.
test_tag() {
    settings 'VERSION=NEW PYWORKER_REF=first'
    push
    git -C "$work/clone" tag first
    git -C "$work/clone" push -q --tags origin
    start
    push_version_two
    check_no_update
}
test_rewritten() {
    settings 'VERSION=NEW'
    push
    start
    push_version_two --amend
    check_no_update
}
check_no_update() {
    force_update
    supervisor_does restart
    check "the update ends the script" told 'worker 1: .*error  (the repository cannot be pulled'
    check "and nothing runs" daemons_are . 0
    finish
}

# What keeps it from starting.
test_damaged() {
    settings 'VERSION=OLD'
    head -c 100000 "$work/clone/nullworkerd-$machine.xz" >"$work/cut"
    mv "$work/cut" "$work/clone/nullworkerd-$machine.xz"
    check_no_start "worker.py: .* no nullworkerd-$machine.xz that is good"
}
test_machine() {
    settings 'VERSION=OLD'
    rm "$work/clone/nullworkerd-$machine.xz"
    check_no_start "worker.py: .* no nullworkerd-$machine.xz that is good"
}
test_number() {
    settings 'VERSION=OLD STOP_GRACE=soon NULLWORKER_ERROR_LINGER=0'
    check_no_start "worker.py: STOP_GRACE=soon is not a whole number"
}
check_no_start() {
    push
    launch
    check "the autoscaler hears why there is no start" told "worker 1: .*error  ($1"
    check "it hears that again and again" was_told_twice
    check "and the script stays" supervisor_told started
    supervisor_does stop
    check "until it is stopped" nothing_runs
    finish
}

was_told_twice() { [ "$(grep -c 'was told' "$root/workspace/onstart.log")" -ge 2 ]; }

test_pair() {
    settings 'VERSION=NEW'
    push
    start --tls
    hold_session
    check "with the pair that lies there" has_pair
    check "and nothing was set aside" not ls "$root/etc/instance."*.set-aside
    release_it
    finish
}
test_page() {
    settings "VERSION=OLD CONSOLE_URL=\$CONSOLE_URL/nowhere"
    push
    start --tls
    check "a page in place of the certificate is set aside" ls "$root/etc/instance.crt.set-aside"
    hold_session
    check "with the key that lies there, certified" has_pair
    release_it
    finish
}
# Whether the certificate is for what the start script has asked for.
has_pair() {
    cmp <(openssl x509 -noout -pubkey -in "$root/etc/instance.crt") \
        <(openssl req -noout -pubkey -in "$root/etc/instance.csr")
}

# What does jobs, one after the other.
consumer='CONSUMER_CMD="exec nullworker work --keep -- /root/job"'

# settings WORDS: variables of the worker.
settings() { echo "export $1" >"$work/settings"; }
# Starts a fleet of one worker, which may be broken for as long as it wants.
launch() { start_fleet "$port" --min-load 100 --max-workers 1 --error-timeout 1000 "$@"; }
start() {
    launch "$@"
    check "the worker becomes ready" told 'worker 1: loading [^ ]* idle'
}

# run_test TEST FIRST-PORT
run_test() {
    kind=$1 port=$2 public=$(($2 + 10)) control=$(($2 + 12)) work=$dir/$1.test root=$dir/$1.test/root
    clone=$root/workspace/vast-pyworker log=$root/workspace/nullworkerd.log events=$root/srv/events
    mkdir "$work"
    make_root
    make_repository
    "test_$1"
}

kind=any
check "worker.py is Python 3.8" python3 -c '
import ast, sys
ast.parse(open(sys.argv[1]).read(), feature_version=(3, 8))' "$here/../../deploy/pyworker/worker.py"
check "and short" test "$(wc -l <"$here/../../deploy/pyworker/worker.py")" -lt 120
make_versions
next=${PORT:-28000}
for test in ${TESTS:-killed damaged machine number life starters elsewhere update restart group tag rewritten pair page}; do
    beside run_test "$test" "$next"
    next=$((next + 40))
done
join
