// One REST request to the page's own server. A failure becomes a Refused with a readable message.

export class Refused extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {string} message
   * @param {number} [retryAfterMs]
   */
  constructor(status, message, retryAfterMs = 0) {
    super(message)
    this.name = 'Refused'
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Where the server is: above the page, which may be served under a prefix. */
export const SERVER = new URL('../', import.meta.url)

const UNREACHABLE = 'The server cannot be reached. Check your network and try again.'
const TIMEOUT_MS = 15_000

/**
 * The JSON of the answer, or null where there is none. Paths are relative to the server.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export async function ask(method, path, body) {
  const response = await reach(path, {
    method,
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      accept: 'application/json',
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const answer = await jsonOf(response)
  if (response.ok) return answer
  throw new Refused(response.status, sentenceOf(response, answer), retryAfterMs(response))
}

/** Whether the server answers at all; never throws. */
export async function isAlive(/** @type {AbortSignal} */ signal) {
  try {
    const response = await fetch(new URL('health/live', SERVER), { cache: 'no-store', signal })
    return response.ok
  } catch {
    return false
  }
}

async function reach(/** @type {string} */ path, /** @type {RequestInit} */ request) {
  try {
    return await fetch(new URL(path, SERVER), request)
  } catch {
    throw new Refused(0, UNREACHABLE)
  }
}

async function jsonOf(/** @type {Response} */ response) {
  try {
    return await response.json()
  } catch {
    return null
  }
}

function sentenceOf(/** @type {Response} */ response, /** @type {any} */ answer) {
  if (typeof answer?.message === 'string' && answer.message !== '') return answer.message
  return `The server answered ${response.status}. Try again later.`
}

function retryAfterMs(/** @type {Response} */ response) {
  const seconds = Number(response.headers.get('retry-after'))
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
}
