// Draws states, sessions and curves on a canvas, in the colours of the style sheet. Each state has a pattern, too.
const drawnPatterns = {
  creating(pen) { for (const [x, y] of [[2, 2], [6, 6]]) pen.fillRect(x - 0.75, y - 0.75, 1.5, 1.5) },
  loading(pen) { strokes(pen, 2, [[-2, 10, 10, -2], [-2, 2, 2, -2], [6, 10, 10, 6]]) },
  retiring(pen) { strokes(pen, 2, [[-2, -2, 10, 10], [-2, 6, 2, 10], [6, -2, 10, 2]]) },
  draining(pen) { strokes(pen, 1.5, [[2, 0, 2, 8], [6, 0, 6, 8]]) },
  taken(pen) { strokes(pen, 1.2, [[0, 4, 8, 4], [4, 0, 4, 8]]) },
  error(pen) { strokes(pen, 1.4, [[0, 0, 8, 8], [0, 8, 8, 0]]) },
  unknown(pen) { strokes(pen, 1, [[-2, 10, 10, -2], [-2, 2, 2, -2], [6, 10, 10, 6]]) },
}

function strokes(pen, width, lines) {
  pen.lineWidth = width
  pen.beginPath()
  for (const [x1, y1, x2, y2] of lines) {
    pen.moveTo(x1, y1)
    pen.lineTo(x2, y2)
  }
  pen.stroke()
}

const patternSize = 8

class Painter {
  constructor() { this.readTheme() }

  readTheme() {
    const style = getComputedStyle(document.documentElement)
    const colour = name => style.getPropertyValue(`--${name}`).trim()
    this.colours = {}
    for (const name of ['surface', 'ink', 'muted', 'line', 'grid', 'accent', 'accent-soft', 'good', 'bad', 'bad-soft', 'focus',
      'load', 'load-soft', 'capacity', 'queue', 'queue-soft']) this.colours[name] = colour(name)
    this.states = {}
    for (const name of stateNames)
      this.states[name] = { fill: colour(`${name}-fill`), mark: colour(`${name}-mark`), ink: colour(`${name}-ink`), pattern: null }
    this.ratio = window.devicePixelRatio || 1
    for (const [name, draw] of Object.entries(drawnPatterns)) this.states[name].pattern = this.pattern(draw, this.states[name].mark)
    this.font = getComputedStyle(document.body).fontFamily
  }

  pattern(draw, colour) {
    const tile = document.createElement('canvas')
    tile.width = tile.height = Math.round(patternSize * this.ratio)
    const pen = tile.getContext('2d')
    pen.scale(tile.width / patternSize, tile.width / patternSize)
    pen.strokeStyle = pen.fillStyle = colour
    draw(pen)
    return pen.createPattern(tile, 'repeat')
  }

  // Lets the patterns move with what they are drawn on: by `x`, which grows as time goes by.
  anchor(x) {
    const scale = patternSize / Math.round(patternSize * this.ratio)
    const matrix = new DOMMatrix([scale, 0, 0, scale, x % patternSize, 0])
    for (const name of Object.keys(drawnPatterns)) this.states[name].pattern.setTransform(matrix)
  }

  // A canvas as large as it is shown, cleared; what is drawn is in pixels of the style sheet.
  begin(canvas, width, height) {
    const wide = Math.round(width * this.ratio)
    const high = Math.round(height * this.ratio)
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide
      canvas.height = high
    }
    const pen = canvas.getContext('2d')
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0)
    pen.clearRect(0, 0, width, height)
    pen.textBaseline = 'middle'
    return pen
  }

  state(pen, name, x, y, width, height, label = '') {
    const { fill, mark, ink, pattern } = this.states[name] ?? this.states.unknown
    if (name === 'stopped') {
      pen.fillStyle = mark
      pen.fillRect(x, y + height / 2 - 1, width, 2)
      return
    }
    this.framed(pen, x, y, width, height, mark, fill)
    if (pattern) {
      pen.fillStyle = pattern
      pen.fillRect(x, y, width, height)
    }
    if (label) this.label(pen, label, x, y, width, height, ink, { ground: pattern ? fill : '', whole: true })
  }

  // By two rectangles, since strokeRect takes ten times as long.
  framed(pen, x, y, width, height, edge, fill) {
    pen.fillStyle = edge
    pen.fillRect(x, y, width, height)
    if (width < 3) return
    pen.fillStyle = fill
    pen.fillRect(x + 1, y + 1, width - 2, height - 2)
  }

  // A session's bar: with a thick edge where it ended well, and a cross where it did not.
  session(pen, kind, x, y, width, height, ended) {
    const colour = this.colours[{ bad: 'bad', good: 'good', live: 'accent' }[kind]]
    this.framed(pen, x, y, width, height, colour, this.colours[kind === 'bad' ? 'bad-soft' : 'accent-soft'])
    if (!ended) return
    pen.strokeStyle = pen.fillStyle = colour
    if (kind !== 'bad') {
      pen.fillRect(x + width - 3, y, 3, height)
      return
    }
    const half = Math.min(height / 2, 5)
    const [right, middle] = [x + width, y + height / 2]
    strokes(pen, 2, [[right - half, middle - half, right + half, middle + half], [right - half, middle + half, right + half, middle - half]])
  }

  // The time that a session was waited for.
  wait(pen, x, y, width) {
    pen.setLineDash([2, 2])
    pen.strokeStyle = this.colours.muted
    strokes(pen, 1, [[x, Math.round(y) + 0.5, x + width, Math.round(y) + 0.5]])
    pen.setLineDash([])
  }

  line(pen, path, colour, dash) {
    pen.strokeStyle = this.colours[colour]
    pen.lineWidth = 2
    pen.setLineDash(dash)
    pen.stroke(path)
    pen.setLineDash([])
  }

  // How wide it has become.
  text(pen, text, x, y, size, colour, most) {
    pen.font = `${size}px ${this.font}`
    pen.fillStyle = this.colours[colour]
    pen.fillText(text, x, y + 0.5, most)
    return pen.measureText(text).width
  }

  // As much of `text` as there is room for, or all or nothing; on a pattern it gets a ground of its own.
  label(pen, text, x, y, width, height, ink, { ground = '', whole = false } = {}) {
    pen.font = `${Math.min(11, height - 2)}px ${this.font}`
    const room = width - 8
    if (room < 20) return
    const long = pen.measureText(text).width
    if (whole && long > room) return
    const fitting = long <= room ? text : shortened(text, Math.floor(text.length * room / long), part => pen.measureText(part).width <= room)
    if (ground) {
      pen.fillStyle = ground
      pen.fillRect(x + 2, y + 1, pen.measureText(fitting).width + 4, height - 2)
    }
    pen.fillStyle = ink
    pen.fillText(fitting, x + 4, y + height / 2 + 0.5)
  }
}

// The longest beginning of at most `most` letters that fits.
function shortened(text, most, fits) {
  for (let length = most; length > 1; length -= 1) {
    const part = `${text.slice(0, length)}…`
    if (fits(part)) return part
  }
  return ''
}
