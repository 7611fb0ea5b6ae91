// What a stranger reads in ten seconds.
const suddenFor = 300 // seconds for which it is told that a worker stopped unasked

class Overview {
  constructor(painter) {
    this.painter = painter
    this.errorsShown = null
    this.parametersShown = ''
    this.countsShown = ''
  }

  // `later`: seconds since the document was made, in which what lasts went on.
  show(model, later) {
    const { head } = model
    const now = head.overview
    setText('title', head.title)
    setText('running', String(now.running))
    setText('max-workers', [known(now.max_workers) ? `of ${now.max_workers} at most` : '', now.peak_workers > 0 ? `peak ${now.peak_workers}` : ''].filter(Boolean).join(' · '))
    byId('max-reached').hidden = !now.max_reached
    this.showCounts(now)
    this.showCost(now)
    this.showLongest('longest-loading', now.longest_loading, later, 'nothing is loading')
    this.showLongest('longest-idle', now.longest_idle, later, 'nothing is idle')
    this.showSums(now.seconds)
    setText('queue', String(now.queue))
    setText('queue-note', now.queue === 0 ? 'nobody waits for a worker' : `${now.queue === 1 ? 'waits' : 'wait'} for a worker`)
    this.showErrors(now.errors)
    this.showLastSudden(model.lastSudden(head.at - suddenFor))
    this.showParameters(head.parameters)
    const title = `${now.running} running, ${now.taken} taken · nullworker`
    if (document.title !== title) document.title = title
  }

  showCounts(now) {
    const shown = stateNames.map(name => [name, now.workers[name] ?? 0]).filter(([, count]) => count > 0)
    const key = JSON.stringify([now.taken, now.idle, now.loading, shown])
    if (this.countsShown === key) return
    this.countsShown = key
    const three = [['reserved', now.taken, 'taken'], ['ready', now.idle, 'idle'], ['loading', now.loading, 'loading']]
    const rest = shown.filter(([name]) => ['creating', 'error', 'stopped', 'unknown'].includes(name))
      .map(([name, count]) => [name, count, name])
    byId('counts').replaceChildren(...[...three, ...rest].map(([state, count, words]) =>
      element('li', {}, swatch(state), element('strong', { text: String(count) }), ` ${words}`)))
    this.drawShare()
    for (const canvas of byId('counts').querySelectorAll('canvas')) drawSwatch(this.painter, canvas)
  }

  // The machines as one bar, a part for each state.
  drawShare() {
    const canvas = byId('share')
    const [width, height] = [canvas.clientWidth, canvas.clientHeight]
    const pen = this.painter.begin(canvas, width, height)
    const [, , , shown] = JSON.parse(this.countsShown || '[0,0,0,[]]')
    const total = shown.reduce((sum, [, count]) => sum + count, 0)
    pen.strokeStyle = this.painter.colours.line
    pen.strokeRect(0.5, 0.5, width - 1, height - 1)
    let x = 0
    for (const [state, count] of shown) {
      const part = count / total * width
      this.painter.state(pen, state, x, 0, part, height)
      x += part
    }
  }

  showCost(now) {
    setText('hourly', known(now.dollars_per_hour) ? hourlyWords(now.dollars_per_hour) : '–')
    setText('spent', known(now.dollars) ? `${dollarWords(now.dollars)} until now` : 'no price is known: --price')
  }

  showLongest(id, longest, later, none) {
    setText(id, longest ? spanWords(longest.seconds + later) : '–')
    setText(`${id}-worker`, longest ? workerWords(longest.worker) : none)
  }

  showSums(sums) {
    setText('paid', secondsWords(sums.paid))
    setText('used', secondsWords(sums.used))
    setText('idle', secondsWords(sums.idle))
    byId('unknown-sum').hidden = !(sums.unknown > 0)
    setText('unknown', secondsWords(sums.unknown))
    setText('sums-note', sums.paid > 0 ? `${Math.round(sums.used / sums.paid * 100)} % of what is paid was used` : 'nothing was paid yet')
  }

  showErrors(errors) {
    const key = JSON.stringify(errors)
    if (this.errorsShown === key) return
    this.errorsShown = key
    byId('tile-errors').classList.toggle('bad', errors.length > 0)
    setText('errors-figure', errors.length ? `✕ ${counted(errors.length, 'worker')}` : 'none')
    byId('errors').tabIndex = errors.length > 3 ? 0 : -1
    byId('errors').replaceChildren(...errors.map(({ worker, reason }) =>
      element('li', {}, element('strong', { text: `${workerWords(worker)}: ` }), reason || 'no reason is known')))
  }

  // A worker that is gone is no worker in error, but who looks for the reason of trouble looks here.
  showLastSudden(last) {
    byId('last-sudden').hidden = !last
    setText('last-sudden', last ? `${workerWords(last.worker)} stopped at ${clockWords(last.span.from)}: ${last.span.why}` : '')
  }

  showParameters(parameters) {
    const key = JSON.stringify(parameters)
    if (this.parametersShown === key) return
    this.parametersShown = key
    byId('no-parameters').hidden = parameters.length > 0
    byId('parameters').replaceChildren(...parameters.map(([name, value]) =>
      element('div', {}, element('dt', { text: name }), element('dd', { text: value }))))
  }
}

// What a bar of some kind looks like.
function swatch(kind) {
  const canvas = element('canvas', { class: 'swatch', 'aria-hidden': 'true' })
  canvas.dataset.kind = kind
  return canvas
}

function drawSwatch(painter, canvas) {
  const [width, height] = [18, 12]
  const pen = painter.begin(canvas, width, height)
  const { kind } = canvas.dataset
  if (kind === 'wait') painter.wait(pen, 0, height / 2, width)
  else if (kind === 'session') painter.session(pen, 'live', 0, 0, width, height, false)
  else painter.state(pen, kind, 0, 0, width, height)
}
