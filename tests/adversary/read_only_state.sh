#!/usr/bin/env bash
# The disk with the state of `nullworker follow` can only be read, as a disk is after an error: a new one goes on with
# the sessions that are open, opens none, and says so.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs_root
disk=$work/disk
mkdir "$disk"
mount -t tmpfs none "$disk" 2>/dev/null || cannot "no file system can be mounted"
undo+=("umount -l '$disk'")
port=26440
nullworker=$(dirname "$nullworkerd")/nullworker
depth=$work/depth
fleet=http://127.0.0.1:$port

env "$limit" "$nullworker" fleet --port $port --worker-port $((port + 1)) --max-workers 2 --json >"$work/fleet" 2>&1 &
fleet_pid=$!
pids+=("$fleet_pid")

follow() {
    env "$limit" VAST_API_KEY=any "$nullworker" follow --endpoint local --autoscaler-url $fleet --console-url $fleet \
        --depth "cat '$depth'" --max 2 --interval 0.2 --state "$disk/state" >"$log" 2>&1 &
    following=$!
    pids+=("$following")
}
says() { grep -q "$1" "$log"; }

echo 1 >"$depth"
fleet_answers() { curl -sS -m 1 -o "$work/body" "$fleet/" 2>/dev/null; }
eventually 10 fleet_answers || fail "the fleet does not answer"
follow
eventually 20 says ' held ' || fail "no session is held"
kill -9 "$following"
wait "$following" 2>/dev/null || true

say "the disk can only be read"
mount -o remount,ro "$disk" || cannot "the file system cannot be made so"
echo 2 >"$depth"
follow
eventually 10 says 'going on with 1 session' || fail "the session is not taken over"
eventually 10 says 'nothing new is opened' || fail "the log does not say so"
eventually 10 says 'work: 2' || fail "the depth is not looked at"
kill -TERM "$following"
code=0
wait "$following" || code=$?
[ $code = 1 ] || fail "it ended with code $code"
says 'released' || fail "the session is not given back"
! says 'session 2' || fail "a session was opened"
say "ok"
