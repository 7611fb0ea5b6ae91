// Speaks the document of /events, and says what it is told to: for what a real fleet does not do on demand.
import http from 'node:http'

export class FakeServer {
  // `page`: { text, policy } of the page that it serves.
  constructor(page) {
    this.page = page
    this.waiting = new Set()
    this.begin()
    this.tell(emptyDocument())
    this.server = http.createServer((request, reply) => this.answer(request, reply))
  }

  async listen(port) {
    await new Promise((done, failed) => this.server.once('error', failed).listen(port, '127.0.0.1', done))
    this.url = `http://127.0.0.1:${this.server.address().port}/`
  }

  close() {
    this.server.closeAllConnections()
    return new Promise(done => this.server.close(done))
  }

  // Nothing was asked yet.
  begin() {
    this.asked = [] // the queries of /events, as they came
    this.refused = [] // when requests came that were refused
    this.most = 0 // requests that waited at the same time
    this.refuse = false
  }

  // Ends all connections.
  hangUp() { this.server.closeAllConnections() }

  // Until nothing was asked for so long after a request that was refused. (A browser itself repeats a request at once whose
  // connection was closed.)
  async pausedFor(milliseconds) {
    while (!(Date.now() - this.refused.at(-1) > milliseconds)) await new Promise(done => setTimeout(done, 10))
  }

  async nobodyAsks() {
    while (this.waiting.size) await new Promise(done => setTimeout(done, 10))
  }

  // What is so from now on; whoever waits is answered.
  tell(document) {
    this.document = { ...document, revision: (this.document?.revision ?? 0) + 1, reset: true }
    for (const go of this.waiting) go()
  }

  answer(request, reply) {
    const url = new URL(request.url, this.url)
    if (this.refuse) {
      this.refused.push(Date.now())
      request.socket.destroy()
    } else if (url.pathname === '/') {
      reply.setHeader('Content-Type', 'text/html; charset=utf-8')
      reply.setHeader('Content-Security-Policy', this.page.policy)
      reply.end(this.page.text)
    } else if (url.pathname === '/events') {
      this.answerEvents(url.searchParams, reply)
    } else {
      reply.statusCode = 404
      reply.end()
    }
  }

  answerEvents(query, reply) {
    this.asked.push({ afterCut: this.refused.length > 0, since: Number(query.get('since')), run: query.get('run'), wait: Number(query.get('wait')) })
    const go = () => {
      clearTimeout(timer)
      this.waiting.delete(go)
      const news = { ...this.document, at: Date.now() / 1000 }
      if (this.document.revision === Number(query.get('since')) && query.get('run') === this.document.run)
        Object.assign(news, { reset: false, workers: [], sessions: [], samples: [] })
      reply.setHeader('Content-Type', 'application/json')
      reply.end(JSON.stringify(news))
    }
    this.waiting.add(go)
    this.most = Math.max(this.most, this.waiting.size)
    const timer = setTimeout(go, query.get('wait') * 1000)
    reply.on('close', () => { clearTimeout(timer); this.waiting.delete(go) })
    if (this.document.revision !== Number(query.get('since')) || query.get('run') !== this.document.run) go()
  }
}

// ---- documents ----------------------------------------------------------------------------------------------------------

export function emptyDocument(change = {}) {
  return {
    run: 'a-run', revision: 0, reset: true, at: Date.now() / 1000, title: 'local fleet at http://127.0.0.1:8080', source: 'fleet',
    poll_interval: 0, history: 3600, parameters: [], workers: [], sessions: [], samples: [],
    ...change,
    overview: {
      workers: {}, running: 0, taken: 0, idle: 0, loading: 0, queue: 0, longest_loading: null, longest_idle: null, errors: [],
      max_workers: 16, max_reached: false, peak_workers: 0, heard_at: Date.now() / 1000, stale: false, trouble: '',
      seconds: { paid: 0, used: 0, idle: 0, unknown: 0 }, dollars: null, dollars_per_hour: null,
      ...change.overview,
    },
  }
}

const parameters = [['target_util', '1.0'], ['min_load', '0'], ['cold_workers', '0'], ['cold_mult', '1'], ['max_workers', '16'],
  ['max_queue_time', '1'], ['target_queue_time', '0.5'], ['inactivity_timeout', '10']]

// Spans one after the other: [state, seconds, why]; the last may have no end.
function spansFrom(at, parts) {
  return parts.map(([state, seconds, why = ''], index) => {
    const from = at
    at = seconds === null ? null : at + seconds
    return { index, state, from, to: at, why }
  })
}

function session(at, worker, name, { asked, held, ended = null, outcome = '', planned = null, retiring = null, index = worker }) {
  const when = back => back === null ? null : at - back
  return {
    key: name, session_id: held === null ? '' : name, request_idx: index, worker, lane: worker, cost: 100, asked_at: when(asked),
    held_at: when(held), retiring_at: when(retiring), planned_end: when(planned), ended_at: when(ended), outcome,
    wait: held === null ? null : asked - held, hold: held === null ? null : held - (ended ?? 0),
  }
}

// One of everything: each state, each kind of end, an error whose text is hostile.
export const hostile = '</script><img src=x onerror=alert(1)>'

export function busyDocument() {
  const at = Date.now() / 1000
  const lane = (number, back, parts) => ({ lane: number, worker: number + 16, spans: spansFrom(at - back, parts) })
  return emptyDocument({
    at, source: 'endpoint', title: 'endpoint my-endpoint on Vast', poll_interval: 5, parameters,
    overview: {
      workers: { loading: 1, ready: 1, reserved: 1, retiring: 1, draining: 1, taken: 1, error: 1, creating: 1 }, running: 6, taken: 4, idle: 1,
      loading: 1, queue: 2, longest_loading: { worker: 23, seconds: 14.1 }, longest_idle: { worker: 18, seconds: 38.2 },
      errors: [{ worker: 22, reason: hostile }], max_workers: 8, max_reached: true, peak_workers: 8, heard_at: at - 2.1,
      seconds: { paid: 512.5, used: 391.1, idle: 61.4, unknown: 12 }, dollars: 0.1139, dollars_per_hour: 4.81,
    },
    workers: [
      lane(1, 100, [['creating', 6], ['loading', 14], ['ready', 4], ['reserved', null]]),
      lane(2, 96, [['creating', 5], ['loading', 12], ['ready', 2], ['reserved', 38.8], ['ready', null]]),
      lane(3, 92, [['creating', 5], ['loading', 14], ['ready', 2], ['reserved', 51], ['retiring', null]]),
      lane(4, 80, [['creating', 5], ['loading', 12], ['ready', 3], ['reserved', 40], ['draining', null]]),
      lane(5, 76, [['creating', 4], ['loading', 12], ['unknown', 12], ['ready', 8], ['taken', null]]),
      lane(6, 60, [['creating', 4], ['loading', 20], ['error', null, hostile]]),
      lane(7, 20, [['creating', 5.9], ['loading', null]]),
      lane(8, 5, [['creating', null]]),
      lane(9, 110, [['ready', 8], ['reserved', 34], ['ready', 12], ['stopped', 20, 'no longer needed']]),
    ],
    sessions: [
      session(at, 1, 'ZW1GPE5fOcuZg', { asked: 98, held: 76, planned: -44 }),
      session(at, 2, 'apy5VsJg95ems', { asked: 94, held: 77, ended: 38.2, outcome: 'released' }),
      session(at, 3, 'a8lxlt1fgTrn5', { asked: 90, held: 71, retiring: 20, planned: -100 }),
      session(at, 4, 'k3JdUe82nQzPw', { asked: 78, held: 60, ended: 20, outcome: 'lost' }),
      session(at, 9, 'Qm2Lx90TtYvBa', { asked: 108, held: 102, ended: 68, outcome: 'expired' }),
      { ...session(at, 10, 'request 31', { asked: 3, held: null, index: 31 }), worker: null, lane: null },
      { ...session(at, 11, 'request 32', { asked: 1.4, held: null, index: 32 }), worker: null, lane: null },
    ].map(one => one.worker === null ? one : { ...one, worker: one.worker + 16 }),
    samples: [[110, 0, 100, 1], [102, 100, 100, 0], [98, 100, 200, 1], [94, 100, 300, 2], [77, 300, 400, 0], [68, 300, 500, 0], [60, 400, 600, 0],
      [38, 300, 600, 0], [20, 400, 700, 0], [3, 400, 700, 1], [1.4, 400, 700, 2]].map(([back, load, capacity, queue]) => ({ at: at - back, load, capacity, queue })),
  })
}

// `count` workers, each with `spans` spans in the last hour, and a session in each reserved one.
export function crowdedDocument(count, spans) {
  const at = Date.now() / 1000
  const length = 3600 / spans
  const order = ['ready', 'reserved', 'retiring', 'ready', 'reserved', 'draining', 'loading', 'taken', 'error', 'unknown']
  const workers = []
  const sessions = []
  for (let number = 1; number <= count; number += 1) {
    const parts = Array.from({ length: spans }, (_, place) => [order[(place + number) % order.length], place === spans - 1 ? null : length])
    const lane = { lane: number, worker: number, spans: spansFrom(at - 3599 + number % 30 / 10, parts) }
    workers.push(lane)
    for (const span of lane.spans.filter(each => each.state === 'reserved')) {
      const key = `w${number}s${span.index}`
      sessions.push({ key, session_id: key, request_idx: sessions.length, worker: number, lane: number, cost: 100, asked_at: span.from - 2, held_at: span.from,
        retiring_at: null, planned_end: null, ended_at: span.to, outcome: span.to === null ? '' : 'released', wait: 2, hold: length })
    }
  }
  const samples = Array.from({ length: 3600 }, (_, second) => ({ at: at - 3600 + second, load: 100 * (50 + Math.round(40 * Math.sin(second / 200))),
    capacity: 100 * count, queue: second % 97 < 10 ? second % 7 : 0 }))
  return emptyDocument({ at, workers, sessions, samples, parameters, overview: { workers: { ready: count / 2, reserved: count / 2 }, running: count,
    taken: count / 2, idle: count / 2, max_workers: count, max_reached: true, seconds: { paid: 1e6, used: 6e5, idle: 3e5, unknown: 0 } } })
}
