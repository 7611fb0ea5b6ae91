#!/usr/bin/env node
// A worker of BullMQ that takes jobs only while the machine is reserved. A job comes back when its lock was not renewed
// for lockDuration, which the worker does by itself unless the job blocks the event loop, and when another worker looks
// for such jobs, every stalledInterval. One that was lost more often than maxStalledCount has failed.
import { Worker } from 'bullmq'
import { gate, stopGently } from './nullworker.mjs'
import { work } from './work.mjs'

let running = 0
const worker = new Worker('jobs', async job => {
  running += 1
  try { await work(job.data) } finally { running -= 1 }
}, { connection: { url: process.env.REDIS_URL }, autorun: false, concurrency: 1, drainDelay: 1, lockDuration: 10_000,
  stalledInterval: 5_000, maxStalledCount: 5 })
worker.on('completed', job => console.log('done', job.data))
worker.on('error', error => console.error(error.message))

stopGently()
await gate(() => worker.resume(), () => worker.pause(), () => running > 0, { idle: 3 })
await worker.close()
