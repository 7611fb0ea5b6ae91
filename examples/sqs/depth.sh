#!/bin/sh
# How many messages wait, and how many are being worked on. Both figures are approximate.
set -eu
"$(dirname "$0")/sqs.sh" GetQueueAttributes \
    '{"AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]}' |
    jq -er '.Attributes | (.ApproximateNumberOfMessages, .ApproximateNumberOfMessagesNotVisible) | tonumber'
