// Load, capacity and queue under the lanes, on the same time axis. A value stays what it is until the next sample.
const keyHeight = 22
const edge = 4

const curves = [
  { canvas: 'load-canvas', lines: [{ field: 'load', fill: 'load-soft', dash: [] }, { field: 'capacity', dash: [5, 3] }] },
  { canvas: 'queue-canvas', lines: [{ field: 'queue', fill: 'queue-soft', dash: [] }] },
]

class Curves {
  constructor(model, painter) { Object.assign(this, { model, painter }) }

  // `at`: the sample whose figures stand in the key.
  draw(view, drawGround, at) {
    const samples = this.samplesWithin(view)
    for (const { canvas: id, lines } of curves) {
      const canvas = byId(id)
      const height = canvas.clientHeight
      const pen = this.painter.begin(canvas, view.width, height)
      drawGround(pen, height)
      const most = niceMost(Math.max(1, ...lines.map(({ field }) => samples.reduce((best, sample) => Math.max(best, sample[field]), 0))))
      const area = { top: keyHeight, bottom: height - edge, most }
      this.drawScale(pen, view, area)
      for (const line of lines) this.drawLine(pen, view, area, samples, line)
      this.drawGap(pen, view, area)
      this.drawKey(pen, view, lines, at)
    }
  }

  samplesWithin(view) {
    const { samples } = this.model
    const first = Math.max(placeOf(samples, view.from, sample => sample.at) - 1, 0)
    return samples.slice(first, placeOf(samples, view.to, sample => sample.at))
  }

  drawScale(pen, view, { top, bottom, most }) {
    pen.textAlign = 'right'
    this.painter.text(pen, figureWords(most), view.left - 10, top + 2, 11, 'muted')
    this.painter.text(pen, '0', view.left - 10, bottom - 2, 11, 'muted')
    pen.textAlign = 'left'
    pen.fillStyle = this.painter.colours.line
    for (const y of [top, bottom]) pen.fillRect(view.left, y, view.width - view.left, 1)
  }

  drawLine(pen, view, { top, bottom, most }, samples, { field, fill, dash }) {
    if (!samples.length) return
    const y = value => bottom - value / most * (bottom - top)
    const left = Math.max(view.x(samples[0].at), view.left)
    const right = Math.max(Math.min(view.x(Math.min(view.until, view.to)), view.width), left)
    const path = new Path2D()
    let value = samples[0][field]
    path.moveTo(left, y(value))
    for (const sample of samples) {
      if (sample[field] === value) continue
      const x = Math.max(view.x(sample.at), left)
      path.lineTo(x, y(value))
      value = sample[field]
      path.lineTo(x, y(value))
    }
    path.lineTo(right, y(value))
    if (fill) {
      const area = new Path2D(path)
      area.lineTo(right, bottom)
      area.lineTo(left, bottom)
      pen.fillStyle = this.painter.colours[fill]
      pen.fill(area)
    }
    this.painter.line(pen, path, field, dash)
  }

  // What is not known.
  drawGap(pen, view, { top, bottom }) {
    if (view.until >= view.now) return
    const { x, width } = view.extent(view.until, view.now)
    if (width > 1) this.painter.state(pen, 'unknown', x, top, width, bottom - top)
  }

  drawKey(pen, view, lines, at) {
    let x = view.left
    for (const { field, dash } of lines) {
      const stroke = new Path2D()
      stroke.moveTo(x, keyHeight / 2)
      stroke.lineTo(x + 18, keyHeight / 2)
      this.painter.line(pen, stroke, field, dash)
      x += 24 + this.painter.text(pen, `${field} ${figureWords(at?.[field])}`, x + 24, keyHeight / 2, 12, 'ink') + 18
    }
  }

  // In words, for whoever does not see them.
  describe() {
    const last = this.model.samples.at(-1)
    for (const { canvas, lines } of curves)
      byId(canvas).setAttribute('aria-label', `Over time; now ${lines.map(({ field }) => `${field} ${last ? figureWords(last[field]) : 'not known'}`).join(', ')}`)
  }
}

// The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten.
function niceMost(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 3, 4, 5, 6, 8].find(each => each * power >= value * (1 - 1e-9)) ?? 10)
}
