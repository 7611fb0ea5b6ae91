#!/usr/bin/env node
// A consumer of SQS. A job comes back when nobody has renewed its visibility time-out, which must be long enough for
// some renewals to be lost: they come every quarter of `term`.
import { ChangeMessageVisibilityCommand, DeleteMessageCommand, ReceiveMessageCommand,
  SQSClient } from '@aws-sdk/client-sqs'
import { jobs, stopGently } from './nullworker.mjs'
import { work } from './work.mjs'

const QueueUrl = process.env.QUEUE_URL
const VisibilityTimeout = 10
const client = new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL })
stopGently()

async function take() {
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout, WaitTimeSeconds: 1 }))
  return Messages?.[0]
}
const also = ({ ReceiptHandle }) =>
  client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }))

for await (const { Body, ReceiptHandle } of jobs(take, { also, term: 8 })) { // renewed every 2 s
  await work(Body)
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  console.log('done', Body)
}
