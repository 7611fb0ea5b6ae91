#!/usr/bin/env node
// A consumer of a durable one of JetStream's. A job comes back when it was neither acknowledged nor said to be worked on
// for the ack_wait of that, here 10 s.
import { connect } from 'nats'
import { jobs, stopGently } from './nullworker.mjs'
import { work } from './work.mjs'

stopGently()
const connection = await connect({ servers: process.env.NATS_URL, maxReconnectAttempts: -1 })
const consumer = await connection.jetstream().consumers.get('JOBS', 'workers')
const take = () => consumer.next({ expires: 1000 }) // waits for a second at most
const also = message => message.working()

for await (const message of jobs(take, { also, term: 12 })) { // told every 3 s
  await work(message.string())
  await message.ackAck()
  console.log('done', message.string())
}
await connection.drain()
