// Yours goes here. This work is a job "NAME SECONDS": it waits as long as there is a file NAME in the folder HOLD.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export async function work(job) {
  const [name, seconds] = job.split(' ')
  console.log('begin', name)
  while (existsSync(`${process.env.HOLD}/${name}`)) await sleep(100)
  await sleep(seconds * 1000)
}
