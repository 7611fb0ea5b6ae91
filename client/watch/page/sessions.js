// The table of sessions, the youngest first.
const rowsAtFirst = 50
const columns = ['session', 'outcome', 'number', 'number', '', 'number', '']

class SessionTable {
  constructor() {
    this.rows = new Map()
    this.most = rowsAtFirst
    byId('more-sessions').addEventListener('click', () => {
      this.most *= 4
      this.show(this.model, this.now)
    })
  }

  show(model, now) {
    this.model = model
    this.now = now
    const begin = session => session.asked_at ?? session.held_at ?? 0
    const all = [...model.sessions.values()].sort((a, b) => begin(b) - begin(a))
    const shown = all.slice(0, this.most)
    byId('no-sessions').hidden = all.length > 0
    byId('more-sessions').hidden = all.length <= this.most
    setText('more-sessions', `Show more of ${all.length}`)
    const rows = shown.map(session => this.row(session, now))
    const body = byId('sessions')
    if (rows.length !== body.children.length || rows.some((row, place) => body.children[place] !== row))
      body.replaceChildren(...rows)
    const keys = new Set(shown.map(session => session.key))
    for (const key of this.rows.keys()) if (!keys.has(key)) this.rows.delete(key)
  }

  row(session, now) {
    let row = this.rows.get(session.key)
    if (!row) {
      row = element('tr', {}, ...columns.map(kind => element('td', { class: kind })))
      this.rows.set(session.key, row)
    }
    const { mark, kind, words } = outcomeOf(session)
    const texts = [sessionName(session), `${mark} ${words}`, spanWords(waitOf(session, now)), spanWords(holdOf(session, now)),
      known(session.worker) ? String(session.worker) : '–', figureWords(session.cost), clockWords(session.asked_at)]
    texts.forEach((text, place) => {
      if (row.children[place].textContent !== text) row.children[place].textContent = text
    })
    row.children[1].className = `outcome ${kind}`
    return row
  }
}

// What still lasts goes on until now.
function waitOf(session, now) {
  if (known(session.held_at) || known(session.ended_at)) return session.wait
  return known(session.asked_at) ? Math.max(now - session.asked_at, 0) : null
}

function holdOf(session, now) {
  if (known(session.ended_at)) return session.hold
  return known(session.held_at) ? Math.max(now - session.held_at, 0) : null
}
