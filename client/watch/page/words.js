// How things are called, and how figures are written.
const stateNames = ['creating', 'loading', 'ready', 'reserved', 'retiring', 'draining', 'taken', 'error', 'stopped', 'unknown']

const stateWords = {
  creating: 'creating', loading: 'loading', ready: 'idle (ready)', reserved: 'reserved', retiring: 'retiring',
  draining: 'draining', taken: 'taken by others', error: 'error', stopped: 'stopped', unknown: 'unknown',
}

// How a session ended: the mark is for those who do not see the colour.
const outcomes = {
  '': { mark: '●', kind: 'live', words: 'held' },
  released: { mark: '✓', kind: 'good', words: 'released' },
  ended: { mark: '✓', kind: 'good', words: 'ended' },
  idle: { mark: '✓', kind: 'good', words: 'given back idle' },
  retired: { mark: '✓', kind: 'good', words: 'retired' },
  expired: { mark: '◷', kind: 'bad', words: 'expired' },
  lost: { mark: '✕', kind: 'bad', words: 'lost' },
  failed: { mark: '✕', kind: 'bad', words: 'failed' },
  dropped: { mark: '✕', kind: 'bad', words: 'dropped' },
  rejected: { mark: '✕', kind: 'bad', words: 'rejected' },
}

function outcomeOf(session) {
  if (session.outcome) return outcomes[session.outcome] ?? { mark: '■', kind: 'bad', words: session.outcome }
  if (session.ended_at !== null) return { mark: '✓', kind: 'good', words: 'ended' }
  if (session.held_at === null) return { mark: '○', kind: 'live', words: 'waiting' }
  return session.retiring_at === null ? outcomes[''] : { mark: '◐', kind: 'live', words: 'retiring' }
}

const known = value => value !== null && value !== undefined

function spanWords(seconds) {
  if (!known(seconds)) return '–'
  if (seconds < 9.95) return `${Math.max(seconds, 0).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = value => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`
}

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const secondsWords = seconds => !known(seconds) ? '–' : `${seconds < 100 ? seconds.toFixed(1) : grouped.format(seconds)} s`
const dollarWords = dollars => `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`
const hourlyWords = dollars => `$${dollars.toFixed(dollars < 0.1 && dollars > 0 ? 4 : 2)}`
const figureWords = value => known(value) ? String(Math.round(value * 100) / 100) : '–'
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`
const workerWords = worker => known(worker) ? `worker ${worker}` : 'worker not known'
const sessionName = session => session.session_id || (known(session.request_idx) ? `request ${session.request_idx}` : session.key)

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const clockWords = epoch => known(epoch) ? clockFormat.format(epoch * 1000) : '–'

// Text goes into the page by textContent alone.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'text') made.textContent = value
    else made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

const byId = id => document.getElementById(id)

function setText(id, text) {
  const at = byId(id)
  if (at.textContent !== text) at.textContent = text
}
