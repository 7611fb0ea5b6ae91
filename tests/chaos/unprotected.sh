#!/bin/sh
# A consumer as it was written before there was a protection: unprotected.sh JOB
while :; do
    session=$(nullworker wait --field session_id) || { sleep 1; continue; }
    [ "$session" != null ] || { sleep 0.5; continue; }
    code=0
    NULLWORKER_SESSION_ID=$session "$1" || code=$?
    case $code in
    75) sleep 1 ;;
    *) nullworker release --session "$session" ;;
    esac
done
