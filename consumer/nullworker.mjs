// A consumer beside nullworkerd: takes jobs only while the machine is reserved, and gives it back.
//
//   import { jobs, stopGently } from './nullworker.mjs'
//
//   stopGently()
//   for await (const job of jobs(take)) {   // take() gives a job, or null when there is none
//     await work(job)                       // nobody takes the machine while this block runs,
//     await acknowledge(job)                // even if it blocks the event loop
//   }
//
// One file for Node 18 and later, without dependencies: copy it beside your program. The daemon is found by
// NULLWORKER_CONTROL_SOCKET or NULL_CONTROL_PORT. Its page is docs/consumers.md of nullworker.
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

const lastTries = 5 // seconds; a release that nobody waits for is not tried for longer

export class Lost extends Error {
  name = 'Lost'
}

// ---- the daemon, in this thread and in the keeper's, which gets its text: it must use nothing of this file ----------

function speakTo(http, place, say) {
  let away = false
  let toldOld = false
  const daemon = { canProtect: true, tellsRetiring: true }
  const name = place.socketPath ? `the Unix socket ${place.socketPath}` : `port ${place.port} of 127.0.0.1`

  // An agent of its own knows no proxy, whatever the environment says.
  const call = (method, path, body, { limit = 10, signal, other = [] } = {}) => new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const request = http.request({ ...place, method, path, signal, agent: new http.Agent(),
      headers: { Host: 'localhost', ...(method === 'POST' && { 'Content-Length': Buffer.byteLength(text) }) } })
    const timer = setTimeout(() => request.destroy(new Error('timed out')), limit * 1000)
    const end = (how, what) => { clearTimeout(timer); how(what) }
    request.on('error', e => end(reject, e))
    request.on('response', reply => {
      const parts = []
      reply.on('data', part => parts.push(part))
      reply.on('error', e => end(reject, e))
      reply.on('end', () => {
        const told = Buffer.concat(parts).toString()
        const { statusCode: status } = reply
        try {
          if (status === 200 || status === 409) return end(resolve, { status, told: JSON.parse(told) })
        } catch (e) { return end(reject, e) }
        if (other.includes(status)) return end(resolve, { status, told: null })
        end(reject, new Error(`status ${status}: ${told.slice(0, 200)}`))
      })
    })
    request.end(text)
  })

  // Status 0 while it is away, which is said once.
  daemon.ask = async (method, path, body, how) => {
    try {
      const answer = await call(method, path, body, how)
      away = false
      return answer
    } catch (e) {
      if (!how?.signal?.aborted && !away) {
        away = true
        say('warn', `no nullworkerd answers at ${name} (${e.message || e.code}); it is asked again and again`)
      }
      return { status: 0, told: null }
    }
  }

  // A daemon whose --max-lifetime is shorter than the term grants less.
  const granted = ({ status, told }, seconds) =>
    ({ status, granted: told?.remaining > 0 ? Math.min(seconds, told.remaining) : seconds })

  // Protects for so long, 0 lifts: 200, 409, or 0, and for how long it is granted. A daemon that knows no protection is
  // told to renew.
  daemon.protect = async (id, seconds, limit) => {
    if (daemon.canProtect) {
      const answer = await daemon.ask('POST', '/protect', { seconds, session_id: id }, { limit, other: [404] })
      if (answer.status !== 404) return granted(answer, seconds)
      daemon.canProtect = false
      if (!toldOld && !place.toldOld) {
        toldOld = true
        say('old', `the nullworkerd at ${name} is too old to protect a job: its session is renewed instead, and who ` +
          'gives machines back does not see that a job runs')
      }
    }
    if (!seconds) return { status: 200 }
    const { status, told: slot } = await daemon.ask('GET', '/session', undefined, { limit })
    if (status !== 200) return { status }
    if (slot?.session_id !== id) return { status: 409 }
    const lifetime = Math.max(seconds, slot.remaining ?? 0) // an old /renew shortens
    return granted(await daemon.ask('POST', '/renew', { lifetime, session_id: id }, { limit }), seconds)
  }

  daemon.heartbeat = async how => (await daemon.ask('POST', '/heartbeat', undefined, { ...how, other: [404] })).status

  daemon.release = async (id, idle, limit) =>
    (await daemon.ask('POST', '/release', { session_id: id, ...(idle && { outcome: 'idle' }) }, { limit })).status
  return daemon
}

// ---- the keeper: a thread of its own, so that a job that blocks the event loop keeps its machine --------------------

function keep(require, speakTo) {
  const { parentPort, workerData } = require('node:worker_threads')
  const { place, id, generation, term, retry, between, lastTries, exited } = workerData
  const daemon = speakTo(require('node:http'), place, (level, text) => parentPort.postMessage({ say: level, text }))
  const limit = Math.min(Math.max(term / 4, 1), 10)
  const sleep = seconds => new Promise(done => setTimeout(done, seconds * 1000))
  let blocks = 0
  let over = false
  let closed = false
  let retiring = workerData.retiring

  const end = () => {
    if (over || closed) return
    over = true
    parentPort.postMessage({ news: 'over' })
  }

  // The next sign of life, which a short grant brings forward.
  let due = Date.now() + term * 250
  let hurry = () => {}
  const isDueIn = seconds => {
    due = Date.now() + seconds * 250
    hurry()
  }
  const untilDue = async () => {
    for (let left; (left = due - Date.now()) > 0;) {
      await new Promise(done => {
        const timer = setTimeout(done, left)
        hurry = () => { clearTimeout(timer); done() }
      })
    }
  }

  // One protection for all blocks, and one after the other who speaks of it.
  let line = Promise.resolve()
  const inTurn = what => (line = line.then(what))

  const commands = {
    async enter() {
      if (over || closed) return 409
      const { status, granted } = await daemon.protect(id, term, limit)
      if (status === 200) {
        blocks += 1
        if (Date.now() + granted * 250 < due) isDueIn(granted)
      }
      if (status === 409) end()
      return status
    },
    async leave({ lift }) {
      blocks -= 1
      if (!blocks && !over && lift && (await daemon.protect(id, 0, limit)).status === 409) end()
    },
    async release({ idle }) {
      closed = true
      return over || release(idle)
    }
  }

  const release = async idle => {
    for (const last = Date.now() + lastTries * 1000; ;) {
      const left = (last - Date.now()) / 1000
      if (await daemon.release(id, idle, Math.max(0.1, Math.min(left, limit)))) return true
      if (Date.now() + retry * 1000 >= last) return false
      await sleep(retry)
    }
  }

  parentPort.on('message', async ({ ticket, what, ...how }) => {
    if (what === 'exit') {
      closed = true
      if (!over) await release(false)
      Atomics.store(exited, 0, 1)
      Atomics.notify(exited, 0)
      return
    }
    const answer = await inTurn(() => commands[what](how))
    parentPort.postMessage({ ticket, answer })
  })

  const beat = async () => {
    if (over || closed) return true
    if (!blocks) {
      isDueIn(term)
      return daemon.heartbeat({ limit })
    }
    const { status, granted } = await daemon.protect(id, term, limit)
    isDueIn(granted ?? term)
    if (status === 409) end()
    else parentPort.postMessage({ news: 'renewed' })
    return status
  }
  const beatOn = async () => {
    while (!over && !closed) {
      await untilDue()
      while (!(await inTurn(beat))) await sleep(retry)
    }
  }

  const lookOn = async () => {
    while (!over && !closed) {
      const began = Date.now()
      const wait = term / 4
      const news = daemon.tellsRetiring && !retiring ? '&retiring=false' : ''
      const path = `/session?wait=${wait}&since=${generation}${news}`
      const { status, told: slot } = await daemon.ask('GET', path, undefined, { limit: wait + limit, other: [422] })
      if (status === 422) daemon.tellsRetiring = false
      if (status === 200 && slot?.session_id !== id) end()
      else if (status === 200 && slot.retiring && !retiring) {
        retiring = true
        parentPort.postMessage({ news: 'retiring' })
      }
      await sleep((status ? between : retry) - (Date.now() - began) / 1000)
    }
  }
  beatOn()
  lookOn()
}

// ---- this process -------------------------------------------------------------------------------------------------

const stopped = new AbortController()
const open = new Set()
let toldOld = false

function say(level, text) {
  if (level === 'old') {
    if (toldOld) return
    toldOld = true
  }
  console.error(`nullworker: ${text}`)
}

process.on('exit', () => {
  for (const session of open) session._exit()
})

function placeOfEnvironment() {
  if (process.env.NULLWORKER_CONTROL_SOCKET) return { socketPath: process.env.NULLWORKER_CONTROL_SOCKET }
  const port = Number(process.env.NULL_CONTROL_PORT || 18999)
  if (!(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new RangeError(`NULL_CONTROL_PORT is '${process.env.NULL_CONTROL_PORT}'; it must be a port, 1 to 65535`)
  }
  return { host: '127.0.0.1', port }
}

// The job that runs is done, no other is taken, the session is released.
export function stop() {
  stopped.abort()
}

export function stopping() {
  return stopped.signal.aborted
}

// On SIGTERM, or on the signals that are named, stop(). A second SIGTERM changes nothing, since several tell a consumer
// to end, each once; a second signal of another kind has its usual effect.
export function stopGently(...signals) {
  for (const signal of signals.length ? signals : ['SIGTERM']) {
    process.off(signal, stop)
    if (signal === 'SIGTERM') process.on(signal, stop)
    else process.once(signal, stop)
  }
}

// The consumer's first sign of life, to be given when the model is loaded; waits for the daemon. False: stopped.
export async function ready() {
  const daemon = speakTo(http, placeOfEnvironment(), say)
  while (!stopping()) {
    if (await daemon.heartbeat({ signal: stopped.signal })) return true
    await sleep(500, undefined, { signal: stopped.signal }).catch(() => {})
  }
  return false
}

// ---- a session ----------------------------------------------------------------------------------------------------

// A reservation of this machine. `retiring`: it is wanted back; `over`: it is nobody's or another's now; `lost`: it was
// over while a block of busy() ran; `signal`: aborted then, where onLost is 'stop'.
export class Session {
  retiring = false
  over = false
  lost = false
  _jobs = new Map()
  _ending = false
  _idleSince = Date.now()
  #abort = new AbortController()
  #asked = new Map()
  #tickets = 0
  #closed = false
  #exited = new Int32Array(new SharedArrayBuffer(4))
  #keeper
  #also
  #onLost

  constructor(slot, { place, term, also, onLost }) {
    this.id = slot.session_id
    this.generation = slot.generation
    this.retiring = Boolean(slot.retiring)
    this.signal = this.#abort.signal
    this.#also = also
    this.#onLost = onLost
    const workerData = { place: { ...place, toldOld }, id: this.id, generation: this.generation,
      retiring: this.retiring, term, retry: Math.min(0.5, term / 4), between: Math.min(0.2, term / 4), lastTries,
      exited: this.#exited }
    // By its text, so that it is found within a bundle, too; and without the options of this process.
    this.#keeper = new Worker(`(${keep})(require, ${speakTo})`, { eval: true, execArgv: [], workerData })
    this.#keeper.unref()
    this.#keeper.on('message', told => this.#hear(told))
    this.#keeper.on('error', e => {
      say('error', `the keeper of session ${this.id} failed, and nothing protects it: ${e.stack}`)
      this.#end()
      this.#keeper = null
      open.delete(this)
      for (const done of this.#asked.values()) done(409)
    })
    open.add(this)
  }

  // Whether a further job may be taken in it.
  get wanted() {
    return !(this.over || this.retiring || this._ending || stopping())
  }

  // Nobody takes the machine while `work` runs. Take a job within it; throws Lost if it is too late.
  async busy(work, job) {
    if (!(await this._enter())) throw new Lost(`session ${this.id} is over`)
    const token = this._began(job)
    try { return await work(this) } finally { await this._leave(token) }
  }

  // Waits so long, or until the session is to end; whether it is still wanted.
  async wait(seconds) {
    for (const end = Date.now() + seconds * 1000; this.wanted && Date.now() < end;) {
      await sleep(Math.min(100, end - Date.now()), undefined, { signal: stopped.signal }).catch(() => {})
    }
    return this.wanted
  }

  // Gives the machine back. `idle` says that there was no job for it.
  async release({ idle = false } = {}) {
    await this._close(idle)
  }

  async _enter() {
    while (!this.over && !this.#closed) {
      const status = await this.#ask('enter')
      if (status === 200) return true
      if (status === 409 || stopping()) return false
      await sleep(100)
    }
    return false
  }

  async _leave(token, lift = true) {
    // What the keeper finds out by this still belongs to the job.
    await this.#ask('leave', { lift })
    if (token) {
      this._jobs.delete(token)
      this._idleSince = Date.now()
    }
    this.#rest()
  }

  _began(job) {
    const token = {}
    this._jobs.set(token, job)
    this.#keeper?.ref() // a process does not end while its job runs, even if that only waits for the signal
    return token
  }

  // Whether it is known to be over.
  async _close(idle) {
    if (this.#closed) return true
    this.#closed = true
    const released = await this.#ask('release', { idle })
    open.delete(this)
    if (released) this.over = true
    else say('warn', `session ${this.id} could not be released`)
    await this.#keeper?.terminate()
    this.#keeper = null
    for (const done of this.#asked.values()) done()
    return released
  }

  // This thread has no event loop any more; the keeper's has.
  _exit() {
    if (this.over) return
    this.#keeper.postMessage({ what: 'exit' })
    Atomics.wait(this.#exited, 0, 0, lastTries * 1000)
  }

  async #ask(what, how) {
    if (!this.#keeper) return undefined
    const ticket = ++this.#tickets
    this.#keeper.ref()
    this.#keeper.postMessage({ ticket, what, ...how })
    return new Promise(done => this.#asked.set(ticket, done))
  }

  #hear({ ticket, answer, say: level, text, news }) {
    if (!this.#keeper) return
    if (level) say(level, text)
    if (news === 'retiring') this.retiring = true
    if (news === 'renewed') this.#renewed()
    if (news === 'over') this.#end()
    if (!ticket) return
    this.#asked.get(ticket)(answer)
    this.#asked.delete(ticket)
    this.#rest()
  }

  #rest() {
    if (!this.#asked.size && !this._jobs.size) this.#keeper?.unref()
  }

  #end() {
    if (this.over) return
    this.over = true
    if (!this._jobs.size) return
    this.lost = true
    say('error', `session ${this.id} is over while its job runs: another machine may do that job, too`)
    if (this.#onLost === 'stop') this.#abort.abort(new Lost(`session ${this.id} is over`))
  }

  #chores = false
  async #renewed() {
    if (!this.#also || this.over) return
    if (this.#chores) {
      say('warn', 'also() has not come back since the last renewal, and was not called again')
      return
    }
    this.#chores = true
    for (const job of [...this._jobs.values()]) {
      if (job === undefined || job === null) continue
      try { await this.#also(job) } catch (e) { say('warn', `also() failed; the job goes on: ${e.stack ?? e}`) }
    }
    this.#chores = false
  }
}

// Waits for sessions, and gives one to all who share it; the last to leave releases it.
class Slot {
  session = null
  #place = placeOfEnvironment()
  #daemon = speakTo(http, this.#place, say)
  #how
  #users = 0
  #seen = 0
  #seeking = null
  #leaving = null

  constructor({ term = 60, also, onLost } = {}) {
    if (!(term > 0)) throw new RangeError(`term is ${term}: it must be a number of seconds above 0`)
    this.#how = { place: this.#place, term, also, onLost }
  }

  async enter() {
    for (;;) {
      if (this.#leaving) await this.#leaving
      else if (this.#users && this.session.wanted) break
      else if (this.#users) {
        if (stopping()) return null
        await sleep(50)
      } else {
        this.#seeking ??= this.#seek().finally(() => { this.#seeking = null })
        if (!(await this.#seeking)) return null
        break
      }
    }
    this.#users += 1
    return this.session
  }

  async leave() {
    this.#users -= 1
    if (this.#users) return
    this.#leaving = this.session._close(this.session._ending)
    if (!(await this.#leaving)) this.#seen = 0 // it is found again when the daemon is back
    this.#leaving = null
  }

  async #seek() {
    const { signal } = stopped
    const { term } = this.#how
    while (!stopping()) {
      const began = Date.now()
      const wait = term / 4
      await this.#daemon.heartbeat({ signal })
      const path = `/session?wait=${wait}&since=${this.#seen}`
      const { status, told: slot } = await this.#daemon.ask('GET', path, undefined, { limit: wait + 10, signal })
      if (status === 200 && !slot && this.#seen) {
        this.#seen = 0
        continue
      }
      if (status === 200 && slot && slot.generation !== this.#seen) {
        this.#seen = slot.generation
        return (this.session = new Session(slot, this.#how))
      }
      const rest = Math.min(status ? 200 : 500, wait * 1000) - (Date.now() - began)
      if (rest > 0) await sleep(rest, undefined, { signal }).catch(() => {})
    }
    return null
  }
}

// One Session after the other, each as soon as the machine is reserved; released when the loop comes back.
export async function* sessions({ term = 60 } = {}) {
  const slot = new Slot({ term })
  for (let session; (session = await slot.enter());) {
    try { yield session } finally { await slot.leave() }
  }
}

// ---- jobs ---------------------------------------------------------------------------------------------------------

class Jobs {
  #take
  #how
  #slot
  #loops = 0
  #told = false

  constructor(take, { idle = null, pause = 1, term = 60, also, parallel = 1, onLost = 'finish' } = {}) {
    if (!['finish', 'stop'].includes(onLost)) throw new RangeError(`onLost is ${onLost}: it must be finish or stop`)
    if (!(pause >= 0)) throw new RangeError(`pause is ${pause}: it must be a number of seconds, 0 or more`)
    if (!(parallel >= 1)) throw new RangeError(`parallel is ${parallel}: it must be 1 or more`)
    this.#take = take
    this.#how = { idle, pause, parallel, onLost }
    this.#slot = new Slot({ term, also, onLost })
  }

  // The Session that is held, or was held last.
  get session() {
    return this.#slot.session
  }

  async* [Symbol.asyncIterator]() {
    if (this.#loops >= this.#how.parallel) {
      throw new Error(`parallel is ${this.#how.parallel}, and so many loops are under way`)
    }
    this.#loops += 1
    try {
      for (let session; (session = await this.#slot.enter());) {
        try { yield* this.#jobsOf(session) } finally { await this.#slot.leave() }
        if (session.lost && this.#how.onLost === 'stop') throw new Lost(`session ${session.id} is over`)
      }
    } finally { this.#loops -= 1 }
  }

  async* #jobsOf(session) {
    while (session.wanted && (await session._enter())) {
      let job
      let token
      const began = Date.now()
      try {
        job = await this.#take()
        if (job !== null && job !== undefined) {
          token = session._began(job)
          yield job
        }
      } finally { await session._leave(token, session.wanted) }
      if (!token && !this.#foundNone(session, (Date.now() - began) / 1000)) await this.#pauseFor(session)
    }
  }

  // After an empty take(): whether the session is to be released for want of a job.
  #foundNone(session, took) {
    const { pause } = this.#how
    if (took > pause + 0.5 && !this.#told) {
      this.#told = true
      say('warn', `${this.#take.name || 'take()'} waited ${took.toFixed(1)} s for a job and found none; meanwhile ` +
        `nobody could give this machine back: it must not wait for longer than pause, ${pause} s`)
    }
    return this.#noteIdle(session)
  }

  #noteIdle(session) {
    const { idle } = this.#how
    if (idle !== null && !session._jobs.size && Date.now() - session._idleSince >= idle * 1000) session._ending = true
    return session._ending
  }

  async #pauseFor(session) {
    const { idle, pause } = this.#how
    const left = idle === null ? pause : Math.max(0, session._idleSince / 1000 + idle - Date.now() / 1000)
    if (await session.wait(Math.min(pause, left))) this.#noteIdle(session)
  }
}

// Jobs, one at a time, and only while the machine is reserved; see docs/consumers.md for every option.
export function jobs(take, how) {
  return new Jobs(take, how)
}

// For queues that push, until a stop: resume() when the machine is reserved, pause() when it is wanted back, or when
// busy() has said no for `idle` seconds; then it waits for what runs, calls giveBack(), and releases.
export async function gate(resume, pause, busy, { giveBack, idle = null, term = 60, every = 0.2 } = {}) {
  for await (const session of sessions({ term })) {
    let foundNone = false
    // Protected from before the first job can come until none can come any more.
    const opened = async () => {
      try {
        await resume()
        for (let last = Date.now(); !foundNone && (await session.wait(every));) {
          if (await busy()) last = Date.now()
          else foundNone = idle !== null && Date.now() - last >= idle * 1000
        }
      } finally { await pause() }
      while (await busy()) await sleep(every * 1000)
      await giveBack?.()
    }
    if (!(await session._enter())) continue // it was over before it began
    const token = session._began()
    try { await opened() } finally { await session._leave(token) }
    await session.release({ idle: foundNone })
  }
}
