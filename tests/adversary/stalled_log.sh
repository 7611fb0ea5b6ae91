#!/usr/bin/env bash
# Nobody reads the log, and there is much of it: nothing waits for that.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mkfifo "$work/fifo"
exec 3<>"$work/fifo" # somebody who holds it open, and never reads

log=$work/fifo start 26410 NULLWORKER_STATE_DIR=none

say "thousands of sessions, each of which is told of in two lines"
body_of_release="$work/release"
for i in $(seq 2000); do
    [ "$i" = 1 ] || echo next
    printf 'url = "127.0.0.1:%s/session/create"\ndata = "{\\"auth_data\\": {\\"request_idx\\": %s, \\"url\\": \\"http://127.0.0.1:%s\\"}, \\"session_id\\": null, \\"payload\\": {}}"\noutput = "%s"\nnext\n' \
        "$port" "$i" "$port" "$body_of_release"
    printf 'url = "127.0.0.1:%s/release"\nrequest = POST\noutput = "%s"\n' "$control" "$body_of_release"
done >"$work/requests"
begun=$(milliseconds)
curl -sS -m 60 --config "$work/requests" || fail "requests were not answered"
say "answered after $(($(milliseconds) - begun)) ms"
ask 300 "127.0.0.1:$control/metrics"
grep -q '^nullworker_sessions_total 2000$' "$work/body" || fail "sessions are missing: $(grep sessions_total "$work/body")"

say "somebody reads again"
cat <&3 >"$work/log" &
pids+=("$!")
eventually 5 logged log_lines_dropped || fail "it is not told how many lines are missing"
grep 'event=log_lines_dropped' "$work/log"
say "ok"
