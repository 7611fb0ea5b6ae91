// The page as the real program serves it.
import { Program } from './programs.mjs'

// Its text and its policy, from a fleet without workers that listens for a moment.
export async function servedPage(port) {
  const fleet = new Program('fleet', '--port', port)
  try {
    await fleet.printed(/autoscaler and console at/)
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    if (!answer.ok) throw new Error(`the page has status ${answer.status}`)
    return { text: await answer.text(), policy: answer.headers.get('content-security-policy') }
  } finally {
    await fleet.stop()
  }
}
