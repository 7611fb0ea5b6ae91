#!/usr/bin/env bash
# A consumer of beanstalkd's tube "jobs" in bash, which `nullworker work` runs for one job. The job belongs to this
# connection: when that is closed, which a kill does at once, it comes back.
set -eu
here=$(dirname "$0")
exec 3<>"/dev/tcp/${BEANSTALKD%:*}/${BEANSTALKD#*:}"
hear() { IFS=$' \r' read -r word number _ <&3; }

printf 'watch jobs\r\nreserve-with-timeout 1\r\n' >&3
hear
hear
[ "$word" = RESERVED ] || exit 75
IFS=$'\r' read -r job <&3
# At half of the time to run that the producer gave it.
while sleep 30; do printf 'touch %d\r\n' "$number" >&3; done &
"$here/work.sh" "$job"
kill $!
printf 'delete %d\r\n' "$number" >&3
until [ "$word" = DELETED ]; do hear; done
echo "done $job"
