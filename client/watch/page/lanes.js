// The lanes of the workers on a canvas. Only those that are seen are drawn, so 200 cost what fits on the screen.
const roomy = { lane: 40, state: { y: 4, height: 15 }, session: { y: 20, height: 16 } }
const dense = { lane: 17, state: { y: 1, height: 7 }, session: { y: 9, height: 6 } }
const mostRoomyLanes = 24

const isSession = item => item.key !== undefined
const beginOf = item => isSession(item) ? item.held_at ?? item.asked_at ?? 0 : item.from
const endOf = item => isSession(item) ? item.ended_at : item.to
const itemsOf = lane => [...lane.spans, ...lane.sessions].sort((a, b) => beginOf(a) - beginOf(b))

// What stays the same when a document replaces the item.
const idOf = (lane, item) => isSession(item) ? { lane: lane.number, key: item.key } : { lane: lane.number, index: item.index }

class Lanes {
  constructor(model, painter) {
    Object.assign(this, { model, painter })
    this.box = byId('lanes')
    this.canvas = byId('lanes-canvas')
    this.shown = []
    this.size = roomy
  }

  isDense() { return this.size === dense }

  // `drawGround` draws what is behind all; `chosen`: the id of what has the focus.
  draw(view, drawGround, chosen) {
    this.shown = this.model.lanesWithin(view.from, view.to)
    this.size = this.shown.length > mostRoomyLanes ? dense : roomy
    const whole = Math.max(this.shown.length * this.size.lane, roomy.lane)
    const height = Math.min(whole, parseFloat(getComputedStyle(this.box).maxHeight) || Infinity)
    setHeight(byId('room'), whole)
    setHeight(this.canvas, height)
    const pen = this.painter.begin(this.canvas, this.box.clientWidth, height)
    drawGround(pen, height)
    const top = this.box.scrollTop
    const last = Math.min(Math.ceil((top + height) / this.size.lane), this.shown.length)
    for (let place = Math.floor(top / this.size.lane); place < last; place += 1)
      this.drawLane(pen, view, this.shown[place], place * this.size.lane - top)
    if (!this.shown.length) this.painter.text(pen, 'no worker in this time', view.left + 10, height / 2, 13, 'muted')
    const found = this.resolve(chosen)
    if (found) this.drawFocus(pen, this.boxOf(view, found), top)
  }

  drawLane(pen, view, lane, y) {
    pen.fillStyle = this.painter.colours.grid
    pen.fillRect(0, Math.round(y + this.size.lane) - 1, view.width, 1)
    this.drawName(pen, view, lane, y)
    for (const session of lane.sessions) this.drawWait(pen, view, session, y) // beneath the bars of those before
    for (const session of lane.sessions) this.drawSession(pen, view, session, y)
    for (let place = placeOf(lane.spans, view.from, span => span.to ?? Infinity); place < lane.spans.length; place += 1) {
      if (lane.spans[place].from > view.to) break
      this.drawSpan(pen, view, lane.spans[place], y)
    }
  }

  drawName(pen, view, lane, y) {
    const long = view.left > 60 && !this.isDense()
    const name = known(lane.worker) ? `${long ? 'worker ' : ''}${lane.worker}` : long ? 'session' : '?'
    pen.textAlign = 'right'
    this.painter.text(pen, name, view.left - 10, y + this.size.lane / 2, this.isDense() ? 11 : 13, 'ink', view.left - 12)
    pen.textAlign = 'left'
  }

  drawSpan(pen, view, span, y) {
    const top = y + this.size.state.y
    const { height } = this.size.state
    const { x, width } = view.extent(span.from, Math.max(span.to ?? view.until, span.from))
    const label = this.isDense() ? '' : span.state === 'ready' ? 'idle' : span.state
    this.painter.state(pen, span.state, x, top, width, height, label)
    if (span.to !== null || span.state === 'stopped' || view.until >= view.now) return
    const gap = view.extent(Math.max(view.until, span.from), view.now)
    if (gap.width > 1) this.painter.state(pen, 'unknown', gap.x, top, gap.width, height, label && 'unknown')
  }

  drawWait(pen, view, session, y) {
    const asked = session.asked_at ?? Infinity
    const held = session.held_at ?? session.ended_at ?? view.until
    if (asked >= held || asked > view.to || held < view.from) return
    const { x, width } = view.extent(asked, held)
    this.painter.wait(pen, x, y + this.size.session.y + this.size.session.height / 2, width)
  }

  drawSession(pen, view, session, y) {
    const end = session.ended_at ?? view.until
    if (!known(session.held_at) || session.held_at > view.to || end < view.from) return
    const top = y + this.size.session.y
    const { height } = this.size.session
    const { x, width } = view.extent(session.held_at, end)
    const { kind } = outcomeOf(session)
    this.painter.session(pen, kind, x, top, width, height, known(session.ended_at) && session.ended_at <= view.to)
    if (!this.isDense()) this.painter.label(pen, sessionLabel(session), x, top, width - 4, height, this.painter.colours.ink)
  }

  drawFocus(pen, box, top) {
    pen.strokeStyle = this.painter.colours.focus
    pen.lineWidth = 3
    pen.strokeRect(box.x - 2, box.y - top - 2, box.width + 4, box.height + 4)
  }

  // Where an item is drawn, in the room of the lanes.
  boxOf(view, { place, item }) {
    const size = isSession(item) ? this.size.session : this.size.state
    return { ...view.extent(beginOf(item), endOf(item) ?? view.until), y: place * this.size.lane + size.y, height: size.height }
  }

  // What is at a place of the screen, where it is `when`.
  idAt(clientY, when, view) {
    const box = this.box.getBoundingClientRect()
    if (clientY < box.top || clientY >= box.bottom) return null
    const y = clientY - box.top + this.box.scrollTop
    const lane = this.shown[Math.floor(y / this.size.lane)]
    if (!lane) return null
    const slack = 3 / view.scale
    const isAt = (begin, end, more) => begin - more <= when && (end ?? view.now) + more >= when
    const span = lane.spans.find(each => isAt(each.from, each.to, 0)) ?? lane.spans.find(each => isAt(each.from, each.to, slack))
    const session = lane.sessions.findLast(each => isAt(each.asked_at ?? each.held_at ?? 0, each.ended_at, slack))
    const item = y % this.size.lane >= this.size.session.y ? session ?? span : span ?? session
    return item ? idOf(lane, item) : null
  }

  // The item of an id, with its lane and the lane's place; nothing if it is not to be seen.
  resolve(id) {
    const place = id ? this.shown.findIndex(lane => lane.number === id.lane) : -1
    if (place < 0) return null
    const lane = this.shown[place]
    const item = id.key === undefined ? lane.spans.find(span => span.index === id.index) : lane.sessions.find(each => each.key === id.key)
    return item ? { place, lane, item } : null
  }

  // The id of the event `along` places later in its lane, or of that at about the same time `down` lanes below.
  neighbour(id, along, down) {
    const found = this.resolve(id)
    if (!found) return idOf(this.shown[0], itemsOf(this.shown[0]).at(-1))
    const clamp = (value, most) => Math.min(Math.max(value, 0), most)
    if (down === 0) {
      const items = itemsOf(found.lane)
      return idOf(found.lane, items[clamp(items.indexOf(found.item) + along, items.length - 1)])
    }
    const lane = this.shown[clamp(found.place + down, this.shown.length - 1)]
    const distance = item => Math.abs(beginOf(item) - beginOf(found.item))
    return idOf(lane, itemsOf(lane).reduce((best, each) => distance(each) < distance(best) ? each : best))
  }

  scrollTo({ place }) {
    const top = place * this.size.lane
    const least = top + this.size.lane - this.box.clientHeight
    this.box.scrollTop = Math.max(Math.min(this.box.scrollTop, top), least)
  }
}

function setHeight(at, pixels) {
  const text = `${pixels}px`
  if (at.style.height !== text) at.style.height = text
}

function sessionLabel(session) {
  const { mark, words } = outcomeOf(session)
  return [sessionName(session), known(session.cost) ? `cost ${figureWords(session.cost)}` : '', `${mark} ${words}`].filter(Boolean).join(' · ')
}
