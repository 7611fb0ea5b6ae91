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
    pen.fillStyle = fill
    pen.fillRect(x, y, width, height)
    if (pattern) {
      pen.fillStyle = pattern
      pen.fillRect(x, y, width, height)
    }
    if (width < 3) return
    pen.strokeStyle = mark
    pen.lineWidth = 1
    pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
    if (label && width > 30) this.label(pen, label, x, y, width, height, ink, pattern ? fill : '')
  }

  // As much of `text` as there is room for; on a pattern it gets a ground of its own.
  label(pen, text, x, y, width, height, ink, ground = '') {
    pen.font = `${Math.min(11, height - 2)}px ${this.font}`
    let long = pen.measureText(text).width
    const room = width - 8
    if (long > room) {
      if (room < 24) return
      text = `${text.slice(0, Math.max(Math.floor(text.length * room / long) - 1, 1))}…`
      long = pen.measureText(text).width
      if (long > room) return
    }
    if (ground) {
      pen.fillStyle = ground
      pen.fillRect(x + 2, y + 1, long + 4, height - 2)
    }
    pen.fillStyle = ink
    pen.fillText(text, x + 4, y + height / 2 + 0.5)
  }
}
