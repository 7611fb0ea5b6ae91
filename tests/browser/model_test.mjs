// The page's model of what it was told, without a browser.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { emptyDocument } from './fake_server.mjs'

const folder = new URL('../../client/watch/page/', import.meta.url)
const source = ['words.js', 'model.js'].map(name => readFileSync(new URL(name, folder), 'utf8')).join('')
const { Model, spanWords } = new Function(`${source}; return { Model, spanWords }`)()

// A document of time 1000 with what `change` says.
const told = (revision, change = {}) => ({ ...emptyDocument({ at: 1000, ...change }), revision, reset: change.reset ?? false })
const span = (index, state, from, to = null) => ({ index, state, from, to, why: '' })
const session = (key, change = {}) => ({ key, lane: null, worker: null, asked_at: 900, held_at: null, ended_at: null, outcome: '', ...change })

function modelOf(...documents) {
  const model = new Model()
  for (const document of documents) model.take(document)
  return model
}

test('a span of the same lane and index takes the place of the one before', () => {
  const model = modelOf(
    told(1, { workers: [{ lane: 1, worker: 7, spans: [span(3, 'loading', 990), span(4, 'ready', 995)] }] }),
    told(2, { workers: [{ lane: 1, worker: 7, spans: [span(4, 'ready', 995, 998), span(5, 'reserved', 998)] }] }))
  assert.deepEqual(model.lanes.get(1).spans, [span(3, 'loading', 990), span(4, 'ready', 995, 998), span(5, 'reserved', 998)])
})

test('a session whose worker becomes known moves to its lane', () => {
  const model = modelOf(told(1, { sessions: [session('a', { lane: 5 })] }), told(2, { sessions: [session('a', { lane: 1, worker: 7 })] }))
  assert.equal(model.lanes.has(5), false)
  assert.deepEqual(model.lanes.get(1).sessions.map(each => each.key), ['a'])
  assert.equal(model.sessions.size, 1)
})

test('a reset, and another run, forget all before', () => {
  const first = told(9, { workers: [{ lane: 1, worker: 7, spans: [span(0, 'ready', 990)] }], sessions: [session('a')], samples: [{ at: 990, load: 1, capacity: 1, queue: 0 }] })
  for (const second of [told(1, { reset: true }), told(1, { run: 'another' })]) {
    const model = modelOf(first, second)
    assert.deepEqual([model.lanes.size, model.sessions.size, model.samples.length, model.revision], [0, 0, 0, 1])
  }
})

test('what ended before the history is forgotten, but for the sample that was in force', () => {
  const sample = (at, load) => ({ at, load, capacity: 0, queue: 0 })
  const model = modelOf(told(1, { at: 5000, history: 3600, workers: [{ lane: 1, worker: 7, spans: [span(0, 'ready', 900, 1000)] },
    { lane: 2, worker: 8, spans: [span(0, 'ready', 900, 1000), span(1, 'reserved', 1000)] }], sessions: [session('old', { ended_at: 1000 }), session('new')],
  samples: [sample(100, 1), sample(1300, 2), sample(1500, 3)] }))
  assert.deepEqual([...model.lanes.keys()], [2])
  assert.deepEqual(model.lanes.get(2).spans.map(each => each.index), [1])
  assert.deepEqual([...model.sessions.keys()], ['new'])
  assert.deepEqual(model.samples.map(each => each.load), [2, 3])
})

test('what has become too much is asked for anew', () => {
  const samples = Array.from({ length: 80001 }, (_, place) => ({ at: 900 + place / 1000, load: 1, capacity: 1, queue: 0 }))
  assert.equal(modelOf(told(1, { samples: samples.slice(1) })).run, 'a-run')
  assert.equal(modelOf(told(1, { samples })).run, '')
})

test('lanes are shown in the order of their numbers, if anything of them lies within the time', () => {
  const model = modelOf(told(1, { workers: [{ lane: 3, worker: 3, spans: [span(0, 'ready', 700)] }, { lane: 1, worker: 1, spans: [span(0, 'ready', 600, 700)] },
    { lane: 2, worker: 2, spans: [span(0, 'ready', 650, 800)] }], sessions: [session('a', { lane: 4, asked_at: 850, ended_at: 860 })] }))
  const within = (from, to) => model.lanesWithin(from, to).map(lane => lane.number)
  assert.deepEqual(within(750, 1000), [2, 3, 4])
  assert.deepEqual(within(900, 1000), [3])
  assert.deepEqual(within(600, 640), [1])
})

test('spans of time are told so that they can be compared at a glance', () => {
  assert.deepEqual([0, 9.94, 9.96, 59.4, 59.6, 3599, 3600, 7325].map(spanWords),
    ['0.0 s', '9.9 s', '10 s', '59 s', '1 min 00 s', '59 min 59 s', '1 h 00 min', '2 h 02 min'])
})
