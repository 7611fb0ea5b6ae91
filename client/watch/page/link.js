// Asks for news by long poll: one request at a time, none while the page is hidden, and less often while it fails.
const patience = 5 // seconds that the server may wait for news
const leastPause = 0.25 // seconds between two requests: many changes are told together
const longestPause = 10

class Link {
  constructor(model, told) {
    this.model = model
    this.told = told // called after each document, and when the state of the link changes
    this.state = 'connecting' // connecting, live, cut, paused
    this.why = ''
    this.heardAt = performance.now() / 1000
    this.failures = 0
    this.asking = false
    this.wake = () => {}
    this.cancel = () => {}
  }

  start() {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.cancel()
      else this.run()
    })
    window.addEventListener('online', () => this.wake())
    this.run()
  }

  // Seconds since the last answer.
  silence() { return performance.now() / 1000 - this.heardAt }

  async run() {
    this.wake()
    if (this.asking) return
    this.asking = true
    let wait = 0 // at once: what was missed
    while (!document.hidden) {
      try {
        this.model.take(await this.ask(wait))
        wait = patience
        this.failures = 0
        this.heardAt = performance.now() / 1000
        this.become('live')
        await this.pause(leastPause)
      } catch (failure) {
        if (document.hidden) break
        wait = 0
        this.failures += 1
        this.become('cut', failure.message)
        await this.pause(Math.min(0.5 * 2 ** (this.failures - 1), longestPause))
      }
    }
    this.asking = false
    if (document.hidden) this.become('paused')
    else this.run()
  }

  async ask(wait) {
    const stop = new AbortController()
    this.cancel = () => stop.abort()
    const timer = setTimeout(() => stop.abort(), 3 * patience * 1000)
    try {
      const query = new URLSearchParams({ since: this.model.run ? this.model.revision : 0, run: this.model.run, wait })
      const answer = await fetch(`/events?${query}`, { signal: stop.signal, cache: 'no-store' })
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
      return await answer.json()
    } catch (failure) {
      if (stop.signal.aborted) throw new Error('the server did not answer')
      throw failure instanceof TypeError ? new Error('the server cannot be reached') : failure
    } finally {
      clearTimeout(timer)
    }
  }

  become(state, why = '') {
    this.state = state
    this.why = why
    this.told()
  }

  pause(seconds) {
    return new Promise(done => {
      const timer = setTimeout(done, seconds * 1000)
      this.wake = () => { clearTimeout(timer); done() }
    })
  }
}
