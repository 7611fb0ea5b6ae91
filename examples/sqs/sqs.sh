#!/bin/sh
# One call of SQS by curl, which signs it:  sqs.sh ReceiveMessage '{"WaitTimeSeconds": 1}'
# It adds the queue's address. The keys go to curl by a descriptor, and not in its command line.
set -eu
printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
    curl -sSf --max-time 10 -K - --aws-sigv4 "aws:amz:${AWS_REGION:-us-east-1}:sqs" \
        ${AWS_SESSION_TOKEN:+-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"} \
        -H 'Content-Type: application/x-amz-json-1.0' -H "X-Amz-Target: AmazonSQS.$1" \
        -d "$(printf '%s' "$2" | jq -c --arg url "$QUEUE_URL" '.QueueUrl = $url')" "${QUEUE_URL%/*/*}/"
