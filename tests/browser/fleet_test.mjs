// The page of a real fleet, while the real programs reserve workers of it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { assertAccessible, closePages, open, output, port, says, startBrowser, stopBrowser, take, text } from './browser.mjs'
import { hostile } from './fake_server.mjs'
import { Program, program, stopPrograms, Way } from './programs.mjs'

const fleetPort = port + 100
const wayPort = port + 101
const workerPort = port + 110
const url = `http://127.0.0.1:${fleetPort}`
const price = '0.42'

before(startBrowser)
afterEach(async () => {
  await closePages()
  await stopPrograms()
})
after(stopBrowser)

const startFleet = async (...options) => {
  const fleet = new Program('fleet', '--port', fleetPort, '--worker-port', workerPort, ...options)
  await fleet.printed(/autoscaler and console at/)
  return fleet
}

const startDemo = (...options) => new Program('demo', '--autoscaler-url', url, '--console-url', url, '--instance', 'local', '--interval', '1', ...options)

// One that is not there yet.
const newFile = name => {
  const file = resolve(output, name)
  rmSync(file, { force: true })
  return file
}

// From now on the page keeps each text that the element has.
const record = (page, id) => page.evaluate(name => {
  const at = document.getElementById(name)
  window.seen = [at.textContent]
  new MutationObserver(() => window.seen.push(at.textContent)).observe(at, { childList: true, characterData: true, subtree: true })
}, id)

test('workers come and go on the page as a demo runs, and it goes on where its connection was cut', async () => {
  const fleet = await startFleet('--price', price)
  const way = new Way(fleetPort)
  await way.listen(wayPort)
  const page = await open(`${url}/`)
  const cut = await open(`http://127.0.0.1:${wayPort}/`, { cuts: true, scheme: 'dark' })
  await says(page, 'running', '0')
  await says(cut, 'running', '0')
  await record(page, 'running')
  const demo = startDemo('--plateau', '5')
  await says(page, 'running', '3')
  await says(cut, 'running', '3')
  way.cut()
  await says(cut, 'link-state', 'Connection lost')
  await says(page, 'counts', /^3 taken0 idle0 loading/)
  assert.match(await text(page, 'hourly'), /^\$1\.26$/)
  await take(page, 'fleet-light', false)
  const phone = await open(`${url}/`, { width: 360, height: 780, scheme: 'dark' })
  await says(phone, 'running', '3')
  await take(phone, 'fleet-phone-dark')
  await phone.finish()
  way.mend()
  await says(cut, 'link-state', 'Live')
  await take(cut, 'fleet-dark', false)
  await says(page, 'running', '0', 60000)
  await says(cut, 'running', '0')
  const numbers = (await page.evaluate(() => window.seen)).map(Number).filter((value, place, all) => value !== all[place - 1])
  assert.equal(numbers[0], 0)
  assert.equal(Math.max(...numbers), 3)
  assert.equal(numbers.at(-1), 0)
  for (const each of [page, cut]) {
    assert.deepEqual(await each.locator('#sessions tr td:nth-child(2)').allTextContents(), ['✓ ended', '✓ ended', '✓ ended'])
    await assertAccessible(each)
    await each.finish()
  }
  await demo.stop()
  await way.close()
  await fleet.stop()
})

test('a page goes on with another fleet at the same place, and forgets what the first one told', async () => {
  let fleet = await startFleet('--min-load', '50')
  const page = await open(`${url}/`, { cuts: true })
  await says(page, 'running', '1')
  await fleet.stop()
  await says(page, 'link-state', 'Connection lost')
  fleet = await startFleet()
  await says(page, 'link-state', 'Live')
  assert.equal(await text(page, 'running'), '0')
  await page.waitForFunction(() => document.getElementById('room').clientHeight === 40) // of one lane, in which stands that there is none
  await page.finish()
  await fleet.stop()
})

// A worker whose health probe fails, with words of its own, as long as there is a file `sick`.
const worker = sick => `export BACKEND_HEALTH_URL='exec:echo "${hostile}"; test ! -e "${sick}"' NULLWORKER_HEALTH_INTERVAL=0.2 NULLWORKER_UNHEALTHY_AFTER=1
exec "${resolve(dirname(program), 'nullworkerd')}"`

test('the error of a worker is told as a text, whatever stands in it', async () => {
  const sick = newFile('sick')
  const fleet = await startFleet('--min-load', '50', '--worker', worker(sick))
  const page = await open(`${url}/`)
  await says(page, 'counts', /1 idle/)
  assert.equal(await text(page, 'errors-figure'), 'none')
  writeFileSync(sick, '')
  await says(page, 'errors-figure', '✕ 1 worker')
  assert.match(await text(page, 'errors'), /^worker 1: .*<img src=x onerror=alert\(1\)>/)
  assert.equal(await page.locator('img').count(), 0)
  await take(page, 'error-light', false)
  rmSync(sick)
  await says(page, 'errors-figure', 'none')
  await page.finish()
  await fleet.stop()
})

test('why a worker could not start is told', async () => {
  const fleet = await startFleet('--min-load', '50', '--worker', 'echo boom; exit 9')
  const page = await open(`${url}/`)
  await says(page, 'last-sudden', /^worker [0-9]+ stopped at .*: exited with status 9: boom$/)
  await page.finish()
  await fleet.stop()
})

const skip = execFileSync(program, ['demo', '--help']).includes('--report') ? false : 'demo has no --report'

test('the report of a demo opens from a file, and asks nobody', { skip }, async () => {
  const file = newFile('report.html')
  const demo = new Program('demo', '--worker-port', workerPort, '--interval', '0.5', '--plateau', '1', '--report', file)
  await demo.ended
  assert.ok(existsSync(file), demo.text)
  const page = await open(`file://${file}`)
  await says(page, 'link-state', 'Report')
  assert.match(await text(page, 'max-workers'), /peak 3/)
  assert.equal(await page.locator('#sessions tr').count(), 3)
  await assertAccessible(page)
  await take(page, 'report-light')
  await page.finish()
})

test('the report of a demo whose workers fail has their words as a text', { skip }, async () => {
  const file = newFile('hostile-report.html')
  const demo = new Program('demo', '--worker-port', workerPort, '--count', '1', '--timeout', '4', '--worker', `echo '${hostile}' >&2; exit 1`, '--report', file)
  await demo.ended
  const page = await open(`file://${file}`)
  await says(page, 'link-state', 'Report')
  await says(page, 'last-sudden', /<img src=x onerror=alert\(1\)>/)
  assert.equal(await page.locator('img').count(), 0)
  await page.finish()
})
