// Makes the queue, and puts each line of the input into it.
import { createInterface } from 'node:readline'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'

const client = new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 })
const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: 'jobs' }))
for await (const line of createInterface({ input: process.stdin })) {
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: line }))
}
