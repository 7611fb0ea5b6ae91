// Puts the parts together: live from /events, or once from the document that the report carries.
const carried = byId('document').textContent.trim()
const model = new Model()
const painter = new Painter()
const overview = new Overview(painter)
const table = new SessionTable()
const link = carried ? null : new Link(model, () => { adjustClock(); show() })

let ahead = 0 // of the server's clock before ours, in seconds
const ours = () => performance.now() / 1000

function adjustClock() {
  if (link.state === 'live') ahead = model.head.at - link.heardAt
}

// Three polls of the source, or three waits of ours, without news: then it is old.
function isOld() {
  if (!link) return false
  const { poll_interval: poll } = model.head
  const heard = model.head.overview.heard_at
  const late = poll > 0 && known(heard) && ours() + ahead - heard > 3 * poll
  return link.state === 'cut' || late || model.head.overview.stale || link.silence() > 3 * patience
}

// `stands`: time does not go on, as in a report.
function clock() {
  if (!link) return { now: model.head.at, until: model.head.at, stands: true }
  const now = ours() + ahead
  if (!isOld()) return { now, until: now, stands: false }
  const { poll_interval: poll, overview: { heard_at: heard } } = model.head
  return { now, until: Math.min(poll > 0 && known(heard) ? heard : model.head.at, now), stands: false }
}

const timeline = new Timeline(model, painter, clock)

function show() {
  showLink()
  if (!model.head) return
  const { now, until } = clock()
  overview.show(model, Math.max(until - model.head.at, 0))
  table.show(model, until)
  timeline.curves.describe()
  timeline.draw()
  showAge(now)
}

function showLink() {
  const old = model.head !== null && isOld()
  document.body.classList.toggle('old', old)
  const [kind, words] = linkWords(old)
  byId('link').className = `link ${kind}`
  setText('link-state', words)
  showTrouble()
}

function linkWords(old) {
  if (!link) return ['report', 'Report']
  if (link.state === 'cut') return ['cut', 'Connection lost']
  if (link.state === 'paused') return ['paused', 'Paused while hidden']
  if (!model.head) return ['connecting', 'Connecting']
  return old ? ['cut', 'Data is old'] : ['live', 'Live']
}

function showTrouble() {
  const troubles = [link?.state === 'cut' ? `The page asks again: ${link.why}.` : '', model.head?.overview.trouble ?? ''].filter(Boolean)
  byId('trouble').hidden = troubles.length === 0
  setText('trouble', troubles.join(' '))
}

function showAge(now) {
  if (!link) {
    setText('link-age', `of ${new Date(model.head.at * 1000).toLocaleString('en-GB')}`)
    return
  }
  const { poll_interval: poll, overview: { heard_at: heard } } = model.head
  const age = poll > 0 && known(heard) ? now - heard : link.silence()
  setText('link-age', `data ${age < 1 ? 'less than 1 s' : spanWords(Math.floor(age)).replace('.0', '')} old`)
}

function buildLegend() {
  const kinds = [...stateNames.map(name => [name, stateWords[name]]), ['session', 'session'], ['wait', 'waiting']]
  byId('legend').replaceChildren(...kinds.map(([kind, words]) => element('li', {}, swatch(kind), words)))
}

function drawAll() {
  painter.readTheme()
  for (const canvas of document.querySelectorAll('canvas.swatch')) drawSwatch(painter, canvas)
  overview.drawShare()
  timeline.draw()
}

// Another theme, or another screen, has other colours and other pixels.
function watchTheme() {
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
  new ResizeObserver(() => { if (painter.ratio !== window.devicePixelRatio) drawAll(); else overview.drawShare() }).observe(document.body)
}

buildLegend()
drawAll()
watchTheme()
if (carried) {
  model.take(JSON.parse(carried))
  const length = model.head.at - model.first()
  timeline.choose([120, 600].find(range => range >= length) ?? 3600)
  byId('follow').hidden = true
  show()
} else {
  link.start()
  setInterval(() => { if (!document.hidden) show() }, 1000)
}
