// Makes the stream and its consumer, and puts each line of the input into it.
import { createInterface } from 'node:readline'
import { AckPolicy, connect, nanos } from 'nats'

const connection = await connect({ servers: process.env.NATS_URL, reconnect: false })
const manager = await connection.jetstreamManager()
await manager.streams.add({ name: 'JOBS', subjects: ['jobs'] })
await manager.consumers.add('JOBS',
  { durable_name: 'workers', ack_policy: AckPolicy.Explicit, ack_wait: nanos(10_000) })
for await (const line of createInterface({ input: process.stdin })) await connection.jetstream().publish('jobs', line)
await connection.close()
