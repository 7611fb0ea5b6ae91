// Puts each line of the input into the queue "jobs".
import { createInterface } from 'node:readline'
import { Queue } from 'bullmq'

const queue = new Queue('jobs', { connection: { url: process.env.REDIS_URL } })
for await (const line of createInterface({ input: process.stdin })) await queue.add('job', line)
await queue.close()
