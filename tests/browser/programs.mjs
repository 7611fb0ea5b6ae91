// The real programs, and a way between them and the browser that can be cut.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'

const running = new Set()
// For programs of a build with checks, beside a browser.
const patient = { NULLWORKER_HANDLER_LIMIT_MS: '60000' }
export const program = process.env.NULLWORKER ?? 'build/release/nullworker'

export class Program {
  constructor(...words) {
    this.text = ''
    this.wake = () => {}
    this.child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...patient, ...process.env } })
    running.add(this)
    this.ended = once(this.child, 'exit').then(() => running.delete(this))
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', part => { this.text += part; this.wake() })
    }
  }

  // What `pattern` matches in what it printed, once it has.
  async printed(pattern, limit = 60000) {
    const deadline = Date.now() + limit
    for (;;) {
      const found = this.text.match(pattern)
      if (found) return found
      if (Date.now() > deadline || this.child.exitCode !== null) throw new Error(`no ${pattern} in: ${this.text}`)
      await new Promise(done => { this.wake = done; setTimeout(done, 200) })
    }
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM')
    await this.ended
  }
}

// Those of a test that failed.
export const stopPrograms = () => Promise.all([...running].map(each => each.stop()))

// Passes bytes on to another port of this machine, until it is cut.
export class Way {
  constructor(to) {
    this.to = to
    this.sockets = new Set()
    this.open = true
    this.server = net.createServer(socket => this.join(socket))
  }

  listen(port) { return new Promise((done, failed) => this.server.once('error', failed).listen(port, '127.0.0.1', done)) }

  join(socket) {
    socket.on('error', () => {})
    if (!this.open) {
      socket.destroy()
      return
    }
    const other = net.connect(this.to, '127.0.0.1')
    other.on('error', () => socket.destroy())
    socket.pipe(other).pipe(socket)
    for (const one of [socket, other]) {
      this.sockets.add(one)
      one.on('close', () => { this.sockets.delete(one); socket.destroy(); other.destroy() })
    }
  }

  cut() {
    this.open = false
    for (const socket of this.sockets) socket.destroy()
  }

  mend() { this.open = true }

  close() {
    this.cut()
    return new Promise(done => this.server.close(done))
  }
}
