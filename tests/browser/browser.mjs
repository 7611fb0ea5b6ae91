// A real Chromium, and pages in it that are watched for what none of them may do.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

export const output = process.env.OUTPUT ?? 'build/browser'
export const port = Number(process.env.PORT ?? 29000)
const require = createRequire(`${process.env.NODE_MODULES ?? resolve('build/browser/node_modules')}/`)
const { chromium } = require('playwright-core')
const axe = require('axe-core')

let browser

export async function startBrowser() {
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium'
  assert.ok(existsSync(program), `no Chromium at ${program}: name one by CHROMIUM`)
  // Root, as in a container, has no sandbox of its own; what is shown comes from this machine alone.
  const args = ['--disable-dev-shm-usage', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])]
  browser = await chromium.launch({ executablePath: program, args })
}

export const stopBrowser = () => browser?.close()

// Those of a test that failed.
export const closePages = () => Promise.all(browser.contexts().map(context => context.close()))

// A page at `url`. When it is closed, nothing may have been complained of, no dialog have opened, and no request have left
// `origin`.
export async function open(url, { scheme = 'light', width = 1280, height = 900, cuts = false, reducedMotion = 'no-preference' } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, reducedMotion, locale: 'en-GB' })
  const page = await context.newPage()
  const faults = []
  const requests = []
  page.on('pageerror', error => faults.push(`error: ${error.stack}`))
  page.on('console', message => {
    // Chromium itself complains of a request that got no answer; where the connection is cut on purpose, that is so.
    if (message.type() === 'error' && !(cuts && message.text().startsWith('Failed to load resource'))) faults.push(message.text())
  })
  page.on('dialog', dialog => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss() })
  context.on('request', request => requests.push(request.url()))
  await page.goto(url)
  const origin = new URL(url).origin
  page.finish = async () => {
    await context.close()
    assert.deepEqual(faults, [])
    // A file's origin is "null": of it nothing may be asked for at all.
    const foreign = requests.filter(each => !each.startsWith('data:') && (origin === 'null' ? each !== new URL(url).href : new URL(each).origin !== origin))
    assert.deepEqual(foreign, [])
    return requests
  }
  return page
}

export async function assertAccessible(page) {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => `${node.target} (${node.failureSummary})`).join('; ')}`), [])
}

export const take = (page, name, fullPage = true) => page.screenshot({ path: `${output}/${name}.png`, fullPage, animations: 'disabled' })

export const text = (page, id) => page.textContent(`#${id}`)

// Waits until the element says it. The limit only turns a hang into a failure.
export async function says(page, id, words, limit = 30000) {
  const wanted = words instanceof RegExp ? words.source : `^${words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`
  try {
    await page.waitForFunction(([name, pattern]) => new RegExp(pattern).test(document.getElementById(name).textContent), [id, wanted],
      { timeout: limit, polling: 50 })
  } catch {
    assert.fail(`#${id} says "${await text(page, id)}", not ${words}`)
  }
}
