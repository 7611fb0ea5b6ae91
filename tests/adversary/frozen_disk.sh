#!/usr/bin/env bash
# The disk with the state freezes, as a network disk does whose server is gone: everything goes on from memory.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs_root
disk=$work/disk
mkdir "$disk"
truncate -s 8M "$work/image"
mkfs.ext4 -q "$work/image" 2>/dev/null || cannot "there is no mkfs.ext4"
mount -o loop "$work/image" "$disk" 2>/dev/null || cannot "no file system can be mounted"
undo+=("umount -l '$disk'")
command -v fsfreeze >/dev/null || cannot "there is no fsfreeze"

start 26400 NULLWORKER_STATE_DIR="$disk/state"
create 1000 1
expect 201
ask 1000 -X POST "127.0.0.1:$control/release"

say "the disk freezes"
fsfreeze -f "$disk" || cannot "the file system cannot be frozen"
undo+=("fsfreeze -u '$disk' 2>/dev/null")
create 1500 2 # which waits for a second, and then goes on from memory
expect 201
ask 300 "127.0.0.1:$control/health"
expect 503
case $body in *"state cannot be saved"*) ;; *) fail "/health does not say so: $body" ;; esac
ask 300 "127.0.0.1:$control/metrics"
grep -q '^nullworker_state_failing 1$' "$work/body" || fail "nullworker_state_failing is not 1"
ask 300 -X POST "127.0.0.1:$control/release"
expect 200
create 300 3
expect 201
logged state_not_saved || fail "the log does not say so"

say "the disk thaws"
fsfreeze -u "$disk"
eventually 5 logged state_saved_again || fail "the state is not saved again"
ask 300 "127.0.0.1:$control/health"
expect 200

say "the session outlives the process"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null || true
start 26400 NULLWORKER_STATE_DIR="$disk/state"
ask 300 "127.0.0.1:$control/session"
case $body in *'"request_idx":3'*) ;; *) fail "it is not the last session: $body" ;; esac

say "the disk freezes again, and the daemon is stopped"
fsfreeze -f "$disk"
begun=$(milliseconds)
kill -TERM "$daemon"
eventually 5 logged stopped || fail "it does not stop"
took=$(($(milliseconds) - begun))
say "all is told after $took ms"
fsfreeze -u "$disk"
wait "$daemon" || fail "it ended with code $?"
say "ok"
