// The page in a real browser, with a server that speaks the document: what a real fleet does not do on demand.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { assertAccessible, closePages, open, port, says, startBrowser, stopBrowser, take, text } from './browser.mjs'
import { busyDocument, crowdedDocument, emptyDocument, FakeServer, hostile } from './fake_server.mjs'
import { servedPage } from './served_page.mjs'

let server

before(async () => {
  server = new FakeServer(await servedPage(port + 1))
  await server.listen(port)
  await startBrowser()
})
beforeEach(() => server.begin())
afterEach(closePages)
after(async () => {
  await stopBrowser()
  await server.close()
})

async function show(document, how) {
  server.tell(document)
  const page = await open(server.url, how)
  await says(page, 'link-state', /Live|old/)
  return page
}

const isOld = page => page.evaluate(() => document.body.classList.contains('old'))
// Whether anything was drawn on a canvas, where it is not empty ground.
const colours = (page, id) => page.evaluate(name => {
  const canvas = document.getElementById(name)
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const seen = new Set()
  for (let place = 0; place < data.length; place += 4) if (data[place + 3] === 255) seen.add(data[place] << 16 | data[place + 1] << 8 | data[place + 2])
  return [...seen]
}, id)

test('a stranger reads what runs, what it costs, what takes long, what failed, and how old that is', async () => {
  const page = await show(busyDocument())
  assert.equal(await text(page, 'running'), '6')
  assert.equal(await text(page, 'max-workers'), 'of 8 at most · peak 8')
  assert.equal(await page.isVisible('#max-reached'), true)
  assert.deepEqual((await page.locator('#counts li').allTextContents()).slice(0, 3), ['4 taken', '1 idle', '1 loading'])
  assert.equal(await text(page, 'hourly'), '$4.81')
  assert.match(await text(page, 'longest-loading'), /^1[4-9] s$/)
  assert.equal(await text(page, 'longest-loading-worker'), 'worker 23')
  assert.match(await text(page, 'longest-idle'), /^3[89] s$|^4. s$/)
  assert.equal(await text(page, 'longest-idle-worker'), 'worker 18')
  assert.match(await text(page, 'link-age'), /^data [2-9] s old$/)
  assert.deepEqual(await page.locator('#errors li').allTextContents(), [`worker 22: ${hostile}`])
  assert.match(await text(page, 'last-sudden'), /^worker 25 stopped at [0-9:]{8}: no longer needed$/)
  assert.deepEqual([await text(page, 'paid'), await text(page, 'used'), await text(page, 'idle'), await text(page, 'unknown')], ['513 s', '391 s', '61.4 s', '12.0 s'])
  assert.equal(await page.title(), '6 running, 4 taken · nullworker')
  await page.finish()
})

test('the table has the sessions with their outcome, wait and hold, the youngest first', async () => {
  const page = await show(busyDocument())
  const rows = await page.locator('#sessions tr').evaluateAll(all => all.map(row => [...row.children].slice(0, 4).map(cell => cell.textContent)))
  assert.deepEqual(rows.map(row => row[0]), ['request 32', 'request 31', 'k3JdUe82nQzPw', 'a8lxlt1fgTrn5', 'apy5VsJg95ems', 'ZW1GPE5fOcuZg', 'Qm2Lx90TtYvBa'])
  assert.deepEqual(rows.map(row => row[1]), ['○ waiting', '○ waiting', '✕ lost', '◐ retiring', '✓ released', '● held', '◷ expired'])
  assert.deepEqual(rows[4].slice(2), ['17 s', '39 s'])
  await page.finish()
})

test('the text of an error is a text, whatever stands in it', async () => {
  const page = await show(busyDocument())
  await page.focus('#lanes')
  for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'End']) await page.keyboard.press(key)
  await says(page, 'spoken', /worker 22: error/)
  assert.ok((await text(page, 'event')).includes(hostile))
  assert.equal(await page.locator('img').count(), 0)
  await page.finish() // no dialog has opened
})

test('the pointer shows an event, and what load, capacity and queue were then', async () => {
  const page = await show(busyDocument())
  const box = await page.locator('#lanes').boundingBox()
  await page.mouse.move(box.x + box.width * 0.8, box.y + 28)
  await says(page, 'event', /session ZW1GPE5fOcuZg: ● held.*cost100.*waited22 s/)
  await page.mouse.move(box.x + box.width * 0.8, box.y + 10)
  await says(page, 'event', /worker 17: reserved.*load 300 of 400/)
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height + 60)
  await page.waitForFunction(() => document.getElementById('event').hidden)
  await page.finish()
})

test('keys go along a lane, from lane to lane, and close', async () => {
  const page = await show(busyDocument())
  await page.focus('#lanes')
  const steps = [['ArrowRight', /worker 17: reserved|ZW1GPE5fOcuZg/], ['Home', /worker 17: creating/], ['ArrowRight', /worker 17: loading/],
    ['ArrowDown', /worker 18: creating/], ['End', /worker 18: idle/], ['ArrowLeft', /ZW1GPE5fOcuZg|apy5VsJg95ems/], ['ArrowUp', /worker 17|ZW1GPE5fOcuZg/]]
  for (const [key, words] of steps) {
    await page.keyboard.press(key)
    await says(page, 'spoken', words)
  }
  assert.equal(await page.isVisible('#event'), true)
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => document.getElementById('event').hidden)
  await page.finish()
})

test('Tab comes to all that can be done', async () => {
  const page = await show(crowdedDocument(3, 40))
  const reached = []
  for (let press = 0; press < 6; press += 1) {
    await page.keyboard.press('Tab')
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.className))
  }
  assert.deepEqual(reached, ['skip', 'range', 'earlier', 'follow', 'lanes', 'sessions-scroll'])
  await page.finish()
})

test('the range and the time that is shown can be chosen', async () => {
  const page = await show(crowdedDocument(3, 40))
  await page.check('input[value="600"]')
  await page.click('#earlier')
  assert.equal(await page.getAttribute('#follow', 'aria-pressed'), 'false')
  await page.click('#follow')
  assert.equal(await page.getAttribute('#follow', 'aria-pressed'), 'true')
  await page.waitForFunction(() => document.getElementById('later').disabled) // than now is nothing
  server.tell(busyDocument())
  await page.waitForFunction(() => document.getElementById('earlier').disabled) // there is nothing before what is shown
  await page.finish()
})

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing, ${scheme}`, async () => {
    for (const [name, document] of [['busy', busyDocument()], ['empty', emptyDocument()]]) {
      const page = await show(document, { scheme })
      await assertAccessible(page)
      await take(page, `${name}-${scheme}`)
      await page.finish()
    }
  })
}

test('a phone shows all of it in its width', async () => {
  for (const scheme of ['light', 'dark']) {
    const page = await show(busyDocument(), { width: 360, height: 780, scheme })
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360)
    await assertAccessible(page)
    await take(page, `phone-${scheme}`)
    await page.finish()
  }
})

test('a page whose connection was cut is grey and says why, asks less often, and catches up', async () => {
  const page = await show(busyDocument(), { cuts: true })
  server.refuse = true
  server.hangUp()
  await says(page, 'link-state', 'Connection lost')
  assert.equal(await isOld(page), true)
  assert.match(await text(page, 'trouble'), /cannot be reached/)
  await assertAccessible(page)
  await server.pausedFor(1800)
  await take(page, 'cut-light')
  server.tell(emptyDocument({ overview: { running: 1, idle: 1, workers: { ready: 1 } } }))
  server.refuse = false
  await says(page, 'running', '1')
  assert.equal(await text(page, 'link-state'), 'Live')
  assert.equal(await isOld(page), false)
  assert.equal(await page.isVisible('#trouble'), false)
  assert.equal(server.asked.find(each => each.afterCut).wait, 0) // at once, and not for news alone
  await page.finish()
})

test('data that is older than three polls is grey, though the server answers', async () => {
  const old = busyDocument()
  old.overview.heard_at -= 20
  old.overview.trouble = 'the console answers 429'
  const page = await show(old)
  await says(page, 'link-state', 'Data is old')
  assert.equal(await isOld(page), true)
  assert.match(await text(page, 'trouble'), /429/)
  await page.finish()
})

test('there is one request at a time, which waits for news', async () => {
  const page = await show(emptyDocument())
  for (let running = 1; running <= 3; running += 1) {
    server.tell(emptyDocument({ overview: { running, idle: running, workers: { ready: running } } }))
    await says(page, 'running', String(running))
  }
  assert.equal(server.most, 1)
  assert.ok(server.asked.length <= 6, `${server.asked.length} requests`)
  assert.deepEqual(server.asked.map(each => each.wait), [0, ...server.asked.slice(1).map(() => 5)])
  assert.deepEqual(server.asked.slice(1).map(each => each.run), server.asked.slice(1).map(() => 'a-run'))
  await page.finish()
})

test('a page that is hidden stops asking, and catches up when it is shown', async () => {
  const page = await show(emptyDocument(), { cuts: true })
  const hide = hidden => page.evaluate(is => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => is })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
  await hide(true)
  await says(page, 'link-state', 'Paused while hidden')
  await server.nobodyAsks()
  const before = server.asked.length
  server.tell(emptyDocument({ overview: { running: 2, idle: 2, workers: { ready: 2 } } }))
  await page.waitForTimeout(1500)
  assert.equal(server.asked.length, before)
  await hide(false)
  await says(page, 'running', '2')
  assert.equal(server.asked[before].wait, 0)
  assert.equal(server.most, 1)
  await page.finish()
})

test('each state and each end of a session is drawn in a colour and a pattern of its own', async () => {
  const page = await show(busyDocument())
  const seen = await page.evaluate(() => [...document.querySelectorAll('#legend canvas')].map(canvas => canvas.toDataURL()))
  assert.equal(seen.length, 12)
  assert.equal(new Set(seen).size, 12)
  const grey = await page.evaluate(() => [...document.querySelectorAll('#legend canvas')].map(canvas => {
    const copy = document.createElement('canvas')
    const pen = copy.getContext('2d')
    pen.filter = 'grayscale(1)'
    pen.drawImage(canvas, 0, 0)
    return copy.toDataURL()
  }))
  assert.equal(new Set(grey).size, 12)
  await page.finish()
})

test('whoever wants no motion gets none', async () => {
  const page = await show(busyDocument(), { reducedMotion: 'reduce' })
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.lamp')).animationName), 'none')
  await page.finish()
})

// What a drawing costs the page's thread, in milliseconds of a core: whoever else is busy does not count.
async function costOfDrawing(page) {
  const client = await page.context().newCDPSession(page)
  await client.send('Performance.enable', { timeDomain: 'threadTicks' })
  const spent = async () => Object.fromEntries((await client.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]))
  const frames = 20
  const before = await spent()
  await page.evaluate(async count => {
    for (let frame = 0; frame < count; frame += 1) {
      document.getElementById('lanes').dispatchEvent(new Event('scroll'))
      await new Promise(requestAnimationFrame)
    }
  }, frames)
  const after = await spent()
  return (after.TaskDuration - before.TaskDuration) / frames * 1000
}

test('200 workers with 40 spans each in an hour stay smooth', async () => {
  const costs = []
  for (const height of [900, 6000]) {
    const page = await show(crowdedDocument(200, 40), { height })
    await page.check('input[value="3600"]')
    await says(page, 'running', '200')
    costs.push(await costOfDrawing(page))
    const drawn = await page.evaluate(() => document.getElementById('lanes-canvas').clientHeight)
    assert.equal(drawn, Math.min(200 * 17, height * 0.6)) // no more than what is seen, and all 200 where there is room
    await page.finish()
  }
  console.log(`a drawing costs ${costs[0].toFixed(1)} ms in a usual window, and ${costs[1].toFixed(1)} ms where all 200 lanes are seen`)
  // A machine that draws by software, beside compilers: the limits find what grows out of hand.
  assert.ok(costs[0] < 60 && costs[1] < 250, `${costs} ms`)
})

test('200 workers at a usual height are drawn where they are seen, also after scrolling', async () => {
  const page = await show(crowdedDocument(200, 40))
  await page.check('input[value="3600"]')
  await take(page, 'crowd-light', false)
  await page.evaluate(() => { document.getElementById('lanes').scrollTop = 1e6 })
  await page.waitForTimeout(200)
  assert.ok((await colours(page, 'lanes-canvas')).length > 10)
  await page.focus('#lanes')
  await page.keyboard.press('ArrowUp')
  await says(page, 'spoken', /w?orker 1:|session w1s/)
  assert.equal(await page.evaluate(() => document.getElementById('lanes').scrollTop), 0)
  await page.finish()
})
