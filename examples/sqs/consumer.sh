#!/bin/sh
# A consumer of SQS in shell, which `nullworker work` runs for one job.
set -eu
here=$(dirname "$0")
seconds=10 # after which a job comes back, unless it is renewed
reply=$("$here/sqs.sh" ReceiveMessage "{\"WaitTimeSeconds\": 1, \"VisibilityTimeout\": $seconds}")
message=$(printf '%s' "$reply" | jq -ce '.Messages[0] // empty') || exit 75
job=$(printf '%s' "$message" | jq -r .Body)
handle=$(printf '%s' "$message" | jq -c '{ReceiptHandle}')
while sleep 3; do
    "$here/sqs.sh" ChangeMessageVisibility "$(printf '%s' "$handle" | jq -c ".VisibilityTimeout = $seconds")" || true
done >/dev/null &
"$here/work.sh" "$job"
kill $!
"$here/sqs.sh" DeleteMessage "$handle" >/dev/null
echo "done $job"
