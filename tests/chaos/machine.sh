#!/bin/sh
# A machine of the local fleet: what a service manager does there. Starts deploy/onstart.sh, and again after a crash; after
# a stop in order only where $CHAOS_DIR/again-<id> says so. The fleet ends it by SIGTERM to the whole group.
set -u
export WORKSPACE_DIR="$CHAOS_DIR/machine-$CONTAINER_ID" NULLWORKERD="$CHAOS_DIR/nullworkerd"
export NULLWORKER_STATE_DIR="$WORKSPACE_DIR/nullworker" # which a fleet takes away from its workers
mkdir -p "$WORKSPACE_DIR"
keep=
if [ $((CONTAINER_ID % 2)) = 0 ]; then keep=--keep; fi
export CHAOS_KEEP=$keep
export CONSUMER_CMD="exec $CHAOS_CONSUMER"
if [ -n "${CHAOS_RELAY:-}" ]; then
    # Clients come by way of a relay, at another port.
    relay=$((WORKER_PORT + 5))
    python3 -ISB "$CHAOS_RELAY" "$relay" "$WORKER_PORT" "$CHAOS_WITHOUT" &
    export "VAST_TCP_PORT_$WORKER_PORT=$relay"
fi

stopping='' child=''
trap 'stopping=yes' TERM INT HUP
while [ -z "$stopping" ]; do
    "$CHAOS_ONSTART" >/dev/null 2>&1 &
    child=$!
    code=0
    wait "$child" || code=$?
    while kill -0 "$child" 2>/dev/null; do # a signal interrupts a wait
        code=0
        wait "$child" || code=$?
    done
    echo "$(date +%s) onstart.sh ended with $code" >>"$WORKSPACE_DIR/machine.log"
    if [ "$code" = 0 ]; then
        [ -e "$CHAOS_DIR/again-$CONTAINER_ID" ] || break
        rm -f "$CHAOS_DIR/again-$CONTAINER_ID"
    fi
    [ -n "$stopping" ] || sleep 1
done

# A machine takes with it all that runs there.
for file in "$WORKSPACE_DIR"/nullworker/*.pid; do
    read -r pid birth <"$file" || continue
    [ "$(sed -n 's/.*) [^ZX] //p' "/proc/$pid/stat" | cut -d ' ' -f 19)" = "${birth:-none}" ] && kill -KILL "$pid"
done 2>/dev/null
exit 0
