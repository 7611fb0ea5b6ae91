// What the documents told: /events says what changed, each time as upserts.

// Where in `list`, ordered by `key`, the first one stands that is not below `value`.
function placeOf(list, value, key) {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (key(list[middle]) < value) low = middle + 1
    else high = middle
  }
  return low
}

// The server keeps less. What comes to more than this here is forgotten, and asked for anew.
const mostKept = 80000 // spans, sessions and samples together

class Model {
  constructor() {
    this.run = ''
    this.clear()
  }

  clear() {
    this.revision = 0
    this.head = null // what stands beside the lists in the newest document
    this.lanes = new Map()
    this.sessions = new Map()
    this.samples = []
  }

  take(told) {
    if (told.reset || told.run !== this.run) this.clear()
    this.run = told.run
    this.revision = told.revision
    this.head = told
    for (const worker of told.workers) this.takeLane(worker)
    for (const session of told.sessions) this.takeSession(session)
    for (const sample of told.samples) this.takeSample(sample)
    this.forget(told.at - told.history)
    if (this.size() > mostKept) this.run = '' // the next answer is to one who knows nothing
  }

  size() {
    let spans = 0
    for (const lane of this.lanes.values()) spans += lane.spans.length
    return spans + this.sessions.size + this.samples.length
  }

  lane(number) {
    if (!this.lanes.has(number)) this.lanes.set(number, { number, worker: null, spans: [], sessions: [] })
    return this.lanes.get(number)
  }

  takeLane({ lane: number, worker, spans }) {
    const lane = this.lane(number)
    lane.worker = worker
    for (const span of spans) {
      const place = placeOf(lane.spans, span.index, each => each.index)
      const same = lane.spans[place]?.index === span.index
      lane.spans.splice(place, same ? 1 : 0, span)
    }
  }

  takeSession(session) {
    const before = this.sessions.get(session.key)
    if (before && known(before.lane)) {
      const lane = this.lane(before.lane)
      lane.sessions = lane.sessions.filter(each => each.key !== session.key)
    }
    this.sessions.set(session.key, session)
    if (!known(session.lane)) return
    const lane = this.lane(session.lane)
    const begin = each => each.asked_at ?? each.held_at ?? 0
    lane.sessions.splice(placeOf(lane.sessions, begin(session), begin), 0, session)
  }

  takeSample(sample) {
    if (this.samples.length && sample.at < this.samples.at(-1).at) return
    this.samples.push(sample)
  }

  // Forgets what ended before `when`. The newest sample before it says what was so at its beginning.
  forget(when) {
    for (const [key, session] of this.sessions)
      if (known(session.ended_at) && session.ended_at < when) this.sessions.delete(key)
    for (const [number, lane] of this.lanes) {
      const gone = lane.spans.findIndex(span => span.to === null || span.to >= when)
      lane.spans.splice(0, gone < 0 ? lane.spans.length : gone)
      lane.sessions = lane.sessions.filter(session => this.sessions.has(session.key))
      if (!lane.spans.length && !lane.sessions.length) this.lanes.delete(number)
    }
    this.samples.splice(0, Math.max(placeOf(this.samples, when, sample => sample.at) - 1, 0))
  }

  // The lanes of which something is to be seen from `from` to `to`, in order.
  lanesWithin(from, to) {
    const shown = []
    for (const lane of this.lanes.values()) if (this.isWithin(lane, from, to)) shown.push(lane)
    return shown.sort((a, b) => a.number - b.number)
  }

  isWithin(lane, from, to) {
    const span = lane.spans[placeOf(lane.spans, from, each => each.to ?? Infinity)]
    if (span && span.from <= to) return true
    return lane.sessions.some(session =>
      (session.asked_at ?? session.held_at ?? 0) <= to && (session.ended_at ?? Infinity) >= from)
  }

  // When the first thing happened that is still known.
  first() {
    let first = this.samples.length ? this.samples[0].at : Infinity
    for (const lane of this.lanes.values()) {
      if (lane.spans.length) first = Math.min(first, lane.spans[0].from)
      if (lane.sessions.length) first = Math.min(first, lane.sessions[0].asked_at ?? Infinity)
    }
    return first === Infinity ? this.head?.at ?? 0 : first
  }

  // The worker that stopped last without having been told to, if that was after `when`: { worker, span }.
  lastSudden(when) {
    let last = null
    for (const { worker, spans } of this.lanes.values()) {
      const span = spans.at(-1)
      if (span?.state !== 'stopped' || !span.why || spans.at(-2)?.state === 'draining' || span.from < when) continue
      if (!last || span.from > last.span.from) last = { worker, span }
    }
    return last
  }

  sampleAt(when) {
    return this.samples[placeOf(this.samples, when, sample => sample.at + 1e-9) - 1]
  }
}
