// The card that tells of one event, a state of a worker or a session.
class EventCard {
  constructor(model) {
    this.model = model
    this.card = byId('event')
    this.told = ''
  }

  hide() { this.card.hidden = true }

  // Beside the place `at` of the stage, wherever there is room for it.
  show({ lane, item }, until, at) {
    const { title, facts } = this.describe(lane, item, until)
    const told = JSON.stringify([title, facts])
    if (this.told !== told) {
      this.told = told
      const list = element('dl')
      for (const [name, value] of facts) list.append(element('dt', { text: name }), element('dd', { text: value }))
      this.card.replaceChildren(element('strong', { text: title }), list)
    }
    this.card.hidden = false
    const stage = byId('stage')
    const left = Math.max(Math.min(at.x + 14, stage.clientWidth - this.card.offsetWidth - 4), 4)
    const below = at.y + 18
    const top = below + this.card.offsetHeight > stage.clientHeight ? at.y - this.card.offsetHeight - 12 : below
    this.card.style.left = `${Math.round(left)}px`
    this.card.style.top = `${Math.round(top)}px`
  }

  describe(lane, item, until) {
    const { title, facts } = isSession(item) ? describeSession(item, until) : describeSpan(lane, item, until)
    const then = this.model.sampleAt(beginOf(item))
    if (then) facts.push(['at its start', `load ${figureWords(then.load)} of ${figureWords(then.capacity)}, queue ${then.queue}`])
    return { title, facts: facts.filter(([, value]) => value && value !== '–') }
  }

  words({ lane, item }, until) {
    const { title, facts } = this.describe(lane, item, until)
    return [title, ...facts.map(([name, value]) => `${name} ${value}`)].join(', ')
  }
}

function timesWords(from, to, until) {
  return known(to) ? `${clockWords(from)} – ${clockWords(to)}, ${spanWords(to - from)}` : `since ${clockWords(from)}, ${spanWords(until - from)}`
}

function describeSpan(lane, span, until) {
  return {
    title: `${workerWords(lane.worker)}: ${stateWords[span.state] ?? span.state}`,
    facts: [['when', timesWords(span.from, span.to, until)], ['why', span.why]],
  }
}

function describeSession(session, until) {
  const { mark, words } = outcomeOf(session)
  return {
    title: `session ${sessionName(session)}: ${mark} ${words}`,
    facts: [
      ['request', known(session.request_idx) ? String(session.request_idx) : ''],
      ['worker', known(session.worker) ? String(session.worker) : 'not known'],
      ['cost', figureWords(session.cost)],
      ['asked', clockWords(session.asked_at)],
      ['waited', spanWords(waitOf(session, until))],
      ['held', known(session.held_at) ? timesWords(session.held_at, session.ended_at, until) : ''],
      ['retiring', known(session.retiring_at) ? `since ${clockWords(session.retiring_at)}` : ''],
      ['lasts until', known(session.planned_end) && !known(session.ended_at) ? clockWords(session.planned_end) : ''],
    ],
  }
}
