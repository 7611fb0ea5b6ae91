// A stretch of time, and where on the screen it is drawn.
const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800]

class View {
  // `from` to `to` has the width behind `left`; `until` things are known, `now` it is. `ratio`: pixels of the screen.
  constructor({ from, to, until, now, left, width, ratio }) {
    Object.assign(this, { from, to, until, now, left, width, ratio })
    this.scale = (width - left) / (to - from)
  }

  x(when) { return this.left + (when - this.from) * this.scale }
  when(x) { return this.from + (x - this.left) / this.scale }

  // Where a bar from `begin` to `end` is seen, in whole pixels of the screen.
  extent(begin, end) {
    const x = this.sharp(this.x(begin))
    return { x, width: Math.max(this.sharp(this.x(end)) - x, 1) }
  }

  sharp(x) { return Math.round(Math.min(Math.max(x, this.left), this.width) * this.ratio) / this.ratio }

  ticks() {
    this.step ??= tickSteps.find(each => each * this.scale >= 60) ?? 3600
    const ticks = []
    for (let when = Math.ceil(this.from / this.step) * this.step; when <= this.to; when += this.step) ticks.push(when)
    return ticks
  }

  tickWords(when) { return this.step < 60 ? clockWords(when) : clockWords(when).slice(0, 5) }
}
