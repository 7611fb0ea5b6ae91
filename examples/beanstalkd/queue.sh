# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export BEANSTALKD=127.0.0.1:$port
need() {
    need_program beanstalkd
    need_program nc
}
start_server() { spawn server beanstalkd -l 127.0.0.1 -p "$port"; }
answers() { (cd "$app" && $python beanstalk.py jobs </dev/null) 2>/dev/null; }
put() { (cd "$app" && $python beanstalk.py jobs); }

depth='nullworker depth beanstalkd env:BEANSTALKD jobs'
traps=(
    '0: printf "stats-tube jobs\r\nquit\r\n" | nc ${BEANSTALKD%:*} ${BEANSTALKD#*:} | awk "/^current-jobs-ready:/ { print \$2 }"'
    # There is no server: without `set -o pipefail`, which sh may not have, the pipe is as well as awk.
    '0: printf "stats-tube jobs\r\nquit\r\n" | nc 127.0.0.1 1 | awk "{ s += \$2 } END { print s + 0 }"'
)
consumers=("$python consumer.py" "nullworker work -- bash ./consumer.sh")
