// The lanes of the workers, and under them, on the same time axis, load, capacity and queue. On canvas: only what is
// seen is drawn, so 200 lanes cost what fits on the screen.
const roomy = { lane: 40, state: { y: 4, height: 15 }, session: { y: 20, height: 16 } }
const dense = { lane: 17, state: { y: 1, height: 7 }, session: { y: 9, height: 6 } }
const mostRoomyLanes = 24
const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800]
const leastRange = 20 // seconds
const leastFrame = 33 // milliseconds

class Timeline {
  // `clock` says `now`, and `until` when things are known; both of them on the server's clock.
  constructor(model, painter, clock) {
    Object.assign(this, { model, painter, clock })
    this.range = 120
    this.end = null // nothing: follows now
    this.pointed = null // what the pointer is at: { x, y, when, item }
    this.chosen = null // what the keys have come to: { lane, id }
    this.lanes = byId('lanes')
    this.canvas = byId('lanes-canvas')
    this.still = window.matchMedia('(prefers-reduced-motion: reduce)')
    this.listen()
  }

  listen() {
    for (const input of document.querySelectorAll('input[name="range"]'))
      input.addEventListener('change', () => { this.range = Number(input.value); this.draw() })
    byId('follow').addEventListener('click', () => this.endAt(this.end === null ? this.clock().now : null))
    byId('earlier').addEventListener('click', () => this.shift(-0.5))
    byId('later').addEventListener('click', () => this.shift(0.5))
    this.lanes.addEventListener('scroll', () => this.draw(), { passive: true })
    this.lanes.addEventListener('keydown', event => this.key(event))
    this.lanes.addEventListener('blur', () => { this.chosen = null; this.draw() })
    const stage = byId('stage')
    for (const kind of ['pointermove', 'pointerdown'])
      stage.addEventListener(kind, event => { this.pointed = this.placeOfPointer(event); this.draw() })
    stage.addEventListener('pointerleave', event => {
      if (event.pointerType !== 'mouse') return
      this.pointed = null
      this.draw()
    })
    new ResizeObserver(() => this.draw()).observe(stage)
    window.addEventListener('resize', () => this.draw())
  }

  choose(range) {
    this.range = range
    document.querySelector(`input[name="range"][value="${range}"]`).checked = true
  }

  endAt(end) {
    this.end = end
    byId('follow').setAttribute('aria-pressed', String(end === null))
    this.draw()
  }

  shift(part) {
    const { now } = this.clock()
    const view = this.view()
    const span = view.to - view.from
    const first = this.model.first()
    const end = Math.max((this.end ?? now) + part * span, Math.min(first + span * 0.9, now))
    this.endAt(end >= now ? null : end)
  }

  // ---- what is seen, and where ------------------------------------------------------------------------------------

  view() {
    const { now, until } = this.clock()
    const to = this.end ?? now
    // A run that is younger than the range has all of the width.
    const span = Math.max(Math.min(this.range, to - this.model.first() + 1), leastRange)
    const margin = this.end === null ? span * 0.015 : 0
    const width = byId('stage').clientWidth
    const left = width < 560 ? 46 : 92
    const from = to - span
    const scale = (width - left) / (span + margin)
    return { now, until, from, to: to + margin, left, width, scale, x: when => left + (when - from) * scale }
  }

  isDense() { return this.shown.length > mostRoomyLanes }

  // One drawing at most for each frame that is shown.
  draw() {
    if (this.frame) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.drawNow()
    })
  }

  drawNow() {
    if (!this.model.head) return
    const view = this.view()
    this.shown = this.model.lanesWithin(view.from, view.to)
    this.size = this.isDense() ? dense : roomy
    this.painter.anchor(view.left - view.from * view.scale)
    this.drawLanes(view)
    this.drawLoad(view)
    this.drawQueue(view)
    this.drawAxis(view)
    this.drawEvent(view)
    byId('later').disabled = this.end === null
    byId('earlier').disabled = view.from <= this.model.first()
    this.goOn(view)
  }

  // While now is followed, things move: by one pixel a frame, and by steps for whoever wants no motion.
  goOn(view) {
    clearTimeout(this.timer)
    if (this.end !== null || this.clock().stands) return
    const frame = Math.max(1000 / (view.scale * this.painter.ratio), this.still.matches ? 1000 : leastFrame)
    this.timer = setTimeout(() => this.draw(), frame)
  }

  // ---- lanes ------------------------------------------------------------------------------------------------------

  drawLanes(view) {
    const whole = Math.max(this.shown.length * this.size.lane, roomy.lane)
    const height = Math.min(whole, this.most())
    setLength(byId('room'), whole)
    setLength(this.canvas, height)
    const width = this.lanes.clientWidth
    const pen = this.painter.begin(this.canvas, width, height)
    const top = this.lanes.scrollTop
    this.drawGrid(pen, view, height)
    if (!this.shown.length) this.note(pen, view, height, 'no worker in this time')
    const first = Math.floor(top / this.size.lane)
    const last = Math.min(Math.ceil((top + height) / this.size.lane), this.shown.length)
    for (let place = first; place < last; place += 1) this.drawLane(pen, view, this.shown[place], place * this.size.lane - top)
    this.drawNowLine(pen, view, height)
    this.drawFocus(pen, view, top)
  }

  most() { return parseFloat(getComputedStyle(this.lanes).maxHeight) || Infinity }

  note(pen, view, height, text) {
    pen.font = `13px ${this.painter.font}`
    pen.fillStyle = this.painter.colours.muted
    pen.fillText(text, view.left + 10, height / 2)
  }

  drawLane(pen, view, lane, y) {
    pen.fillStyle = this.painter.colours.grid
    pen.fillRect(0, Math.round(y + this.size.lane) - 1, view.width, 1)
    this.drawName(pen, view, lane, y)
    for (const session of lane.sessions) this.drawSession(pen, view, session, y)
    for (let place = placeOf(lane.spans, view.from, span => span.to ?? Infinity); place < lane.spans.length; place += 1) {
      if (lane.spans[place].from > view.to) break
      this.drawSpan(pen, view, lane.spans[place], y)
    }
  }

  drawName(pen, view, lane, y) {
    const number = known(lane.worker) ? String(lane.worker) : '?'
    const long = view.left > 60 && !this.isDense()
    const text = long ? (known(lane.worker) ? `worker ${number}` : 'session') : number
    pen.font = `${this.isDense() ? 11 : 13}px ${this.painter.font}`
    pen.fillStyle = this.painter.colours.ink
    pen.textAlign = 'right'
    pen.fillText(text, view.left - 10, y + this.size.lane / 2, view.left - 12)
    pen.textAlign = 'left'
  }

  // Where a bar from `begin` to `end` is seen, in whole pixels of the screen.
  extent(view, begin, end) {
    const { ratio } = this.painter
    const sharp = x => Math.round(Math.min(Math.max(x, view.left), view.width) * ratio) / ratio
    const x = sharp(view.x(begin))
    return { x, width: Math.max(sharp(view.x(end)) - x, 1) }
  }

  drawSpan(pen, view, span, y) {
    const { y: top, height } = this.size.state
    const { x, width } = this.extent(view, span.from, Math.max(span.to ?? view.until, span.from))
    const label = this.isDense() ? '' : span.state === 'ready' ? 'idle' : span.state
    this.painter.state(pen, span.state, x, y + top, width, height, label)
    if (span.to !== null || span.state === 'stopped' || view.until >= view.now) return
    const gap = this.extent(view, Math.max(view.until, span.from), view.now)
    if (gap.width > 1) this.painter.state(pen, 'unknown', gap.x, y + top, gap.width, height, label && 'unknown')
  }

  drawSession(pen, view, session, y) {
    const { colours } = this.painter
    const end = session.ended_at ?? view.until
    const asked = session.asked_at ?? session.held_at ?? end
    const held = session.held_at ?? end
    if (asked > view.to || end < view.from) return
    const top = y + this.size.session.y
    const { height } = this.size.session
    if (held > asked) this.drawWait(pen, view, asked, held, top + height / 2)
    if (!known(session.held_at)) return
    const { kind } = outcomeOf(session)
    const { x, width } = this.extent(view, held, end)
    pen.fillStyle = kind === 'bad' ? colours['bad-soft'] : colours['accent-soft']
    pen.fillRect(x, top, width, height)
    const edge = kind === 'bad' ? colours.bad : kind === 'good' ? colours.good : colours.accent
    pen.strokeStyle = edge
    pen.lineWidth = 1
    if (width > 2) pen.strokeRect(x + 0.5, top + 0.5, width - 1, height - 1)
    if (known(session.ended_at) && session.ended_at <= view.to) this.drawEnd(pen, kind, edge, x + width, top, height)
    if (!this.isDense()) this.painter.label(pen, sessionLabel(session), x, top, width - 4, height, colours.ink)
  }

  drawWait(pen, view, asked, held, y) {
    const { x, width } = this.extent(view, asked, held)
    pen.strokeStyle = this.painter.colours.muted
    pen.lineWidth = 1
    pen.setLineDash([2, 2])
    pen.beginPath()
    pen.moveTo(x, Math.round(y) + 0.5)
    pen.lineTo(x + width, Math.round(y) + 0.5)
    pen.stroke()
    pen.setLineDash([])
  }

  // A thick edge where it ended well, and a cross where it did not.
  drawEnd(pen, kind, colour, x, y, height) {
    pen.strokeStyle = pen.fillStyle = colour
    if (kind !== 'bad') {
      pen.fillRect(x - 3, y, 3, height)
      return
    }
    const half = Math.min(height / 2, 5)
    const middle = y + height / 2
    pen.lineWidth = 2
    pen.beginPath()
    for (const way of [1, -1]) {
      pen.moveTo(x - half, middle - half * way)
      pen.lineTo(x + half, middle + half * way)
    }
    pen.stroke()
  }

  drawFocus(pen, view, top) {
    const found = this.resolve(this.chosen)
    if (!found) return
    const box = this.box(view, found)
    pen.strokeStyle = this.painter.colours.focus
    pen.lineWidth = 3
    pen.strokeRect(box.x - 2, box.y - top - 2, box.width + 4, box.height + 4)
  }

  // Where an item is drawn, in the room of the lanes.
  box(view, { place, item }) {
    const size = item.key === undefined ? this.size.state : this.size.session
    const begin = item.key === undefined ? item.from : item.held_at ?? item.asked_at
    const end = (item.key === undefined ? item.to : item.ended_at) ?? view.until
    return { ...this.extent(view, begin, end), y: place * this.size.lane + size.y, height: size.height }
  }

  // ---- curves -----------------------------------------------------------------------------------------------------

  drawLoad(view) {
    const canvas = byId('load-canvas')
    const pen = this.beginChart(canvas, view)
    const { colours } = this.painter
    const samples = this.samplesWithin(view)
    const most = niceMost(Math.max(...samples.map(sample => Math.max(sample.load, sample.capacity)), 1))
    const area = { top: 22, bottom: canvas.clientHeight - 4 }
    this.drawScale(pen, view, area, most)
    this.drawSteps(pen, view, area, samples, most, 'load', { fill: colours['load-soft'], line: colours.load })
    this.drawSteps(pen, view, area, samples, most, 'capacity', { line: colours.capacity, dash: [5, 3] })
    this.endChart(pen, view, canvas.clientHeight)
    const at = this.sampleShown(view)
    this.drawKey(pen, view, [['load', at?.load, colours.load, []], ['capacity', at?.capacity, colours.capacity, [5, 3]]])
  }

  drawQueue(view) {
    const canvas = byId('queue-canvas')
    const pen = this.beginChart(canvas, view)
    const { colours } = this.painter
    const samples = this.samplesWithin(view)
    const most = niceMost(Math.max(...samples.map(sample => sample.queue), 1))
    const area = { top: 22, bottom: canvas.clientHeight - 4 }
    this.drawScale(pen, view, area, most)
    this.drawSteps(pen, view, area, samples, most, 'queue', { fill: colours['queue-soft'], line: colours.queue })
    this.endChart(pen, view, canvas.clientHeight)
    this.drawKey(pen, view, [['queue', this.sampleShown(view)?.queue, colours.queue, []]])
  }

  beginChart(canvas, view) {
    const pen = this.painter.begin(canvas, view.width, canvas.clientHeight)
    this.drawGrid(pen, view, canvas.clientHeight)
    return pen
  }

  endChart(pen, view, height) {
    if (view.until < view.now) {
      const { x, width } = this.extent(view, view.until, view.now)
      if (width > 1) this.painter.state(pen, 'unknown', x, 22, width, height - 26)
    }
    this.drawNowLine(pen, view, height)
  }

  samplesWithin(view) {
    const { samples } = this.model
    const first = Math.max(placeOf(samples, view.from, sample => sample.at) - 1, 0)
    return samples.slice(first, placeOf(samples, view.to, sample => sample.at))
  }

  sampleShown(view) { return this.model.sampleAt(this.pointed ? this.pointed.when : Math.min(view.to, view.now)) }

  drawScale(pen, view, { top, bottom }, most) {
    const { colours, font } = this.painter
    pen.font = `11px ${font}`
    pen.textAlign = 'right'
    pen.fillStyle = colours.muted
    pen.fillText(figureWords(most), view.left - 10, top + 3)
    pen.fillText('0', view.left - 10, bottom - 4)
    pen.textAlign = 'left'
    pen.fillStyle = colours.line
    pen.fillRect(view.left, top, view.width - view.left, 1)
    pen.fillRect(view.left, bottom, view.width - view.left, 1)
  }

  // A value stays what it is until the next sample.
  drawSteps(pen, view, { top, bottom }, samples, most, field, { fill, line, dash = [] }) {
    if (!samples.length) return
    const y = value => bottom - value / most * (bottom - top)
    const right = Math.min(view.x(Math.min(view.until, view.to)), view.width)
    const path = new Path2D()
    let before = samples[0]
    const begin = Math.max(view.x(before.at), view.left)
    path.moveTo(begin, y(before[field]))
    for (const sample of samples) {
      const x = Math.max(view.x(sample.at), view.left)
      path.lineTo(x, y(before[field]))
      path.lineTo(x, y(sample[field]))
      before = sample
    }
    path.lineTo(right, y(before[field]))
    if (fill) {
      const area = new Path2D(path)
      area.lineTo(right, bottom)
      area.lineTo(begin, bottom)
      pen.fillStyle = fill
      pen.fill(area)
    }
    pen.strokeStyle = line
    pen.lineWidth = 2
    pen.setLineDash(dash)
    pen.stroke(path)
    pen.setLineDash([])
  }

  // What the lines are, and what they say where the pointer is, or now.
  drawKey(pen, view, entries) {
    const { colours, font } = this.painter
    pen.font = `12px ${font}`
    let x = view.left
    for (const [name, value, colour, dash] of entries) {
      pen.strokeStyle = colour
      pen.lineWidth = 2
      pen.setLineDash(dash)
      pen.beginPath()
      pen.moveTo(x, 11)
      pen.lineTo(x + 18, 11)
      pen.stroke()
      pen.setLineDash([])
      const text = `${name} ${figureWords(value)}`
      pen.fillStyle = colours.ink
      pen.fillText(text, x + 24, 11.5)
      x += 24 + pen.measureText(text).width + 18
    }
  }

  // ---- the axis ---------------------------------------------------------------------------------------------------

  ticks(view) {
    const step = tickSteps.find(each => each * view.scale >= 84) ?? 3600
    const ticks = []
    for (let when = Math.ceil(view.from / step) * step; when <= view.to; when += step) ticks.push(when)
    return { step, ticks }
  }

  drawGrid(pen, view, height) {
    pen.fillStyle = this.painter.colours.grid
    for (const when of this.ticks(view).ticks) pen.fillRect(Math.round(view.x(when)), 0, 1, height)
    if (!this.pointed) return
    pen.fillStyle = this.painter.colours.muted
    pen.fillRect(Math.round(view.x(this.pointed.when)), 0, 1, height)
  }

  drawNowLine(pen, view, height) {
    if (this.end !== null) return
    pen.fillStyle = this.painter.colours.accent
    pen.fillRect(Math.round(view.x(view.now)), 0, 1, height)
  }

  drawAxis(view) {
    const canvas = byId('axis-canvas')
    const pen = this.painter.begin(canvas, view.width, canvas.clientHeight)
    const { colours, font } = this.painter
    pen.font = `12px ${font}`
    pen.fillStyle = colours.muted
    pen.textAlign = 'center'
    const { step, ticks } = this.ticks(view)
    for (const when of ticks) {
      const x = view.x(when)
      const text = step < 60 ? clockWords(when) : clockWords(when).slice(0, 5)
      if (x > view.left + 4 && x < view.width - 26) pen.fillText(text, x, 13)
    }
    pen.textAlign = 'left'
  }

  // ---- one event --------------------------------------------------------------------------------------------------

  placeOfPointer(event) {
    const view = this.view()
    const stage = byId('stage').getBoundingClientRect()
    const x = event.clientX - stage.left
    if (x < view.left || x > view.width || !this.shown) return null
    const when = view.from + (x - view.left) / view.scale
    return { x, y: event.clientY - stage.top, when, id: this.idAt(event, when, view) }
  }

  idAt(event, when, view) {
    const box = this.lanes.getBoundingClientRect()
    if (event.clientY < box.top || event.clientY >= box.bottom) return null
    const y = event.clientY - box.top + this.lanes.scrollTop
    const lane = this.shown[Math.floor(y / this.size.lane)]
    if (!lane) return null
    const slack = 3 / view.scale
    const spans = lane.spans.filter(each => each.from - slack <= when && (each.to ?? view.now) + slack >= when)
    const span = spans.find(each => each.from <= when && (each.to ?? view.now) >= when) ?? spans[0]
    const session = lane.sessions.findLast(each =>
      (each.asked_at ?? each.held_at) - slack <= when && (each.ended_at ?? view.now) + slack >= when)
    const low = y % this.size.lane >= this.size.session.y
    const item = low ? session ?? span : span ?? session
    return item ? idOf(lane, item) : null
  }

  resolve(id) {
    if (!id) return null
    const place = this.shown.findIndex(lane => lane.number === id.lane)
    if (place < 0) return null
    const lane = this.shown[place]
    const item = id.key === undefined ? lane.spans.find(span => span.index === id.index) : lane.sessions.find(each => each.key === id.key)
    return item ? { place, lane, item } : null
  }

  drawEvent(view) {
    const card = byId('event')
    const found = this.resolve(this.pointed?.id ?? this.chosen)
    card.hidden = !found
    if (!found) {
      this.told = ''
      return
    }
    const { title, facts } = this.describe(found, view)
    const told = JSON.stringify([title, facts])
    if (this.told !== told) {
      this.told = told
      const list = element('dl')
      for (const [name, value] of facts) list.append(element('dt', { text: name }), element('dd', { text: value }))
      card.replaceChildren(element('strong', { text: title }), list)
    }
    this.placeCard(card, view, found)
  }

  placeCard(card, view, found) {
    const box = this.box(view, found)
    const at = this.pointed?.id ? this.pointed : { x: box.x, y: box.y - this.lanes.scrollTop + box.height }
    const stage = byId('stage')
    const left = Math.max(Math.min(at.x + 14, stage.clientWidth - card.offsetWidth - 4), 4)
    const below = at.y + 18
    const top = below + card.offsetHeight > stage.clientHeight ? at.y - card.offsetHeight - 12 : below
    card.style.left = `${Math.round(left)}px`
    card.style.top = `${Math.round(top)}px`
  }

  describe({ lane, item }, view) {
    const { title, facts, from } = item.key === undefined ? describeSpan(lane, item, view.until) : describeSession(item, view.until)
    const then = this.model.sampleAt(from)
    if (then) facts.push(['at its begin', `load ${figureWords(then.load)} of ${figureWords(then.capacity)}, queue ${then.queue}`])
    return { title, facts: facts.filter(([, value]) => value && value !== '–') }
  }

  // ---- by keys ----------------------------------------------------------------------------------------------------

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -10], PageDown: [0, 10],
      Home: [-Infinity, 0], End: [Infinity, 0] }[event.key]
    if (event.key === 'Escape') {
      this.chosen = this.pointed = null
      this.draw()
      return
    }
    if (!step || event.ctrlKey || event.altKey || event.metaKey || !this.shown?.length) return
    event.preventDefault()
    this.pointed = null
    this.chosen = this.neighbour(...step)
    this.tell()
  }

  // The event `along` places later in its lane, or the one at about the same time `down` lanes below.
  neighbour(along, down) {
    const found = this.resolve(this.chosen)
    if (!found) {
      const lane = this.shown[0]
      return idOf(lane, itemsOf(lane).at(-1))
    }
    const clamp = (value, most) => Math.min(Math.max(value, 0), most)
    if (down === 0) {
      const items = itemsOf(found.lane)
      return idOf(found.lane, items[clamp(items.indexOf(found.item) + along, items.length - 1)])
    }
    const lane = this.shown[clamp(found.place + down, this.shown.length - 1)]
    const when = beginOf(found.item)
    const near = itemsOf(lane).reduce((best, each) => Math.abs(beginOf(each) - when) < Math.abs(beginOf(best) - when) ? each : best)
    return idOf(lane, near)
  }

  // Brings what was chosen into view, and says it.
  tell() {
    const found = this.resolve(this.chosen)
    if (!found) return
    const top = found.place * this.size.lane
    if (top < this.lanes.scrollTop) this.lanes.scrollTop = top
    const bottom = top + this.size.lane - this.lanes.clientHeight
    if (bottom > this.lanes.scrollTop) this.lanes.scrollTop = bottom
    const view = this.view()
    const begin = beginOf(found.item)
    if (begin < view.from) this.endAt(begin + (view.to - view.from) * 0.9)
    else if (begin > view.to) this.endAt(begin + (view.to - view.from) * 0.1)
    const { title, facts } = this.describe(found, view)
    setText('spoken', [title, ...facts.map(([name, value]) => `${name} ${value}`)].join(', '))
    this.draw()
  }

  // What the curves show, in words.
  describeCurves() {
    const last = this.model.samples.at(-1)
    const words = last ? `: load ${figureWords(last.load)}, capacity ${figureWords(last.capacity)}` : ': nothing yet'
    byId('load-canvas').setAttribute('aria-label', `Load and capacity over time, now${words}`)
    byId('queue-canvas').setAttribute('aria-label', `Queue over time, now: ${last ? last.queue : 'nothing yet'}`)
  }
}

function setLength(at, pixels) {
  const text = `${pixels}px`
  if (at.style.height !== text) at.style.height = text
}

// The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten.
function niceMost(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * [1, 2, 3, 4, 5, 6, 8, 10].find(each => each * power >= value * (1 - 1e-9))
}

function sessionLabel(session) {
  const { mark, words } = outcomeOf(session)
  return [sessionName(session), known(session.cost) ? `cost ${figureWords(session.cost)}` : '', `${mark} ${words}`].filter(Boolean).join(' · ')
}

const idOf = (lane, item) => item.key === undefined ? { lane: lane.number, index: item.index } : { lane: lane.number, key: item.key }
const beginOf = item => item.key === undefined ? item.from : item.held_at ?? item.asked_at ?? 0
const itemsOf = lane => [...lane.spans, ...lane.sessions].sort((a, b) => beginOf(a) - beginOf(b))

function timesWords(from, to, until) {
  return known(to) ? `${clockWords(from)} – ${clockWords(to)}, ${spanWords(to - from)}` : `since ${clockWords(from)}, ${spanWords(until - from)}`
}

function describeSpan(lane, span, until) {
  return {
    title: `${workerWords(lane.worker)}: ${stateWords[span.state] ?? span.state}`,
    facts: [['when', timesWords(span.from, span.to, until)], ['why', span.why]],
    from: span.from,
  }
}

function describeSession(session, until) {
  const { mark, words } = outcomeOf(session)
  const held = known(session.held_at)
  return {
    title: `session ${sessionName(session)}: ${mark} ${words}`,
    facts: [
      ['request', known(session.request_idx) ? String(session.request_idx) : ''],
      ['worker', known(session.worker) ? String(session.worker) : 'not known'],
      ['cost', figureWords(session.cost)],
      ['asked', clockWords(session.asked_at)],
      ['waited', spanWords(waitOf(session, until))],
      ['held', held ? timesWords(session.held_at, session.ended_at, until) : ''],
      ['retiring', known(session.retiring_at) ? `since ${clockWords(session.retiring_at)}` : ''],
      ['lasts until', known(session.planned_end) && !known(session.ended_at) ? clockWords(session.planned_end) : ''],
    ],
    from: session.held_at ?? session.asked_at ?? 0,
  }
}
