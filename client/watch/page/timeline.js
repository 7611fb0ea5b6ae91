// Lanes, curves and their axis: which time is shown, and which event is told of.
const leastRange = 5 // seconds
const leastFrame = 33 // milliseconds
const keySteps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -10], PageDown: [0, 10],
  Home: [-Infinity, 0], End: [Infinity, 0] }

class Timeline {
  // `clock` says `now`, `until` when things are known, both of them on the server's clock, and whether time `stands`.
  constructor(model, painter, clock) {
    Object.assign(this, { model, painter, clock })
    this.lanes = new Lanes(model, painter)
    this.curves = new Curves(model, painter)
    this.card = new EventCard(model)
    this.range = 120
    this.end = null // nothing: follows now
    this.pointer = null // where it is: { x, y, clientY }, in the stage
    this.chosen = null // the id of what the keys have come to
    this.still = window.matchMedia('(prefers-reduced-motion: reduce)')
    this.listen()
  }

  listen() {
    for (const input of document.querySelectorAll('input[name="range"]'))
      input.addEventListener('change', () => { this.range = Number(input.value); this.draw() })
    byId('follow').addEventListener('click', () => this.endAt(this.end === null ? this.clock().now : null))
    byId('earlier').addEventListener('click', () => this.shift(-0.5))
    byId('later').addEventListener('click', () => this.shift(0.5))
    this.lanes.box.addEventListener('scroll', () => this.draw(), { passive: true })
    this.lanes.box.addEventListener('keydown', event => this.key(event))
    this.lanes.box.addEventListener('blur', () => { this.chosen = null; this.draw() })
    const stage = byId('stage')
    for (const kind of ['pointermove', 'pointerdown']) stage.addEventListener(kind, event => this.point(event))
    stage.addEventListener('pointerleave', event => { if (event.pointerType === 'mouse') this.point(null) })
    new ResizeObserver(() => this.draw()).observe(stage)
  }

  point(event) {
    const stage = byId('stage').getBoundingClientRect()
    this.pointer = event && { x: event.clientX - stage.left, y: event.clientY - stage.top, clientY: event.clientY }
    this.draw()
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

  // By a part of what is shown, within what is known.
  shift(part) {
    const { now } = this.clock()
    const { from, to } = this.view()
    const end = Math.max((this.end ?? now) + part * (to - from), Math.min(this.model.first() + (to - from), now))
    this.endAt(end >= now ? null : end)
  }

  view() {
    const { now, until } = this.clock()
    const end = this.end ?? now
    // A run that is younger than the range has all of the width.
    const length = Math.max(Math.min(this.range, end - this.model.first() + 1), leastRange)
    const width = byId('stage').clientWidth
    return new View({ from: end - length, to: this.end ?? end + length * 0.015, until, now, left: width < 560 ? 46 : 92, width, ratio: this.painter.ratio })
  }

  // One drawing at most for each frame that is shown.
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null
      if (this.model.head) this.drawNow(this.view())
    })
  }

  drawNow(view) {
    const pointed = this.pointer && this.pointer.x >= view.left ? view.when(this.pointer.x) : null
    const ground = (pen, height) => this.drawGround(pen, view, height, pointed)
    this.painter.anchor(view.left - view.from * view.scale)
    this.lanes.draw(view, ground, this.chosen)
    this.curves.draw(view, ground, this.model.sampleAt(pointed ?? Math.min(view.to, view.now)))
    this.drawAxis(view)
    this.showEvent(view, pointed)
    byId('later').disabled = this.end === null
    byId('earlier').disabled = view.from <= this.model.first()
    this.goOn(view)
  }

  // While now is followed, things move: by one pixel a frame, and by steps for whoever wants no motion.
  goOn(view) {
    clearTimeout(this.timer)
    if (this.end !== null || this.clock().stands) return
    const pixel = 1000 / (view.scale * view.ratio)
    this.timer = setTimeout(() => this.draw(), Math.max(pixel, this.still.matches ? 1000 : leastFrame))
  }

  // Lines at the ticks, where the pointer is, and at now.
  drawGround(pen, view, height, pointed) {
    const { colours } = this.painter
    const line = (when, colour) => {
      pen.fillStyle = colour
      pen.fillRect(view.sharp(view.x(when)), 0, 1, height)
    }
    for (const when of view.ticks()) line(when, colours.grid)
    if (pointed !== null) line(pointed, colours.muted)
    if (this.end === null) line(view.now, colours.accent)
  }

  drawAxis(view) {
    const canvas = byId('axis-canvas')
    const pen = this.painter.begin(canvas, view.width, canvas.clientHeight)
    pen.textAlign = 'center'
    for (const when of view.ticks()) {
      const x = view.x(when)
      if (x > view.left && x < view.width - 26) this.painter.text(pen, view.tickWords(when), x, 13, 12, 'muted')
    }
    pen.textAlign = 'left'
  }

  showEvent(view, pointed) {
    const id = pointed === null ? null : this.lanes.idAt(this.pointer.clientY, pointed, view)
    const found = this.lanes.resolve(id ?? this.chosen)
    if (!found) {
      this.card.hide()
      return
    }
    const box = this.lanes.boxOf(view, found)
    this.card.show(found, view.until, id ? this.pointer : { x: box.x, y: box.y - this.lanes.box.scrollTop + box.height })
  }

  key(event) {
    if (event.key === 'Escape') {
      this.chosen = this.pointer = null
      this.draw()
      return
    }
    const step = keySteps[event.key]
    if (!step || event.ctrlKey || event.altKey || event.metaKey || !this.lanes.shown.length) return
    event.preventDefault()
    this.pointer = null
    this.chosen = this.lanes.neighbour(this.chosen, ...step)
    this.bringIntoView(this.lanes.resolve(this.chosen))
  }

  bringIntoView(found) {
    const view = this.view()
    const begin = beginOf(found.item)
    this.lanes.scrollTo(found)
    if (begin < view.from) this.endAt(begin + (view.to - view.from) * 0.9)
    else if (begin > view.to) this.endAt(begin + (view.to - view.from) * 0.1)
    setText('spoken', this.card.words(found, view.until))
    this.draw()
  }
}
