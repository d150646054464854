// The one connection of the page: the SDK with its transports, and the client module over it.
import { SERVER } from '../shared/http.js'
import { UsherClient } from '../usher-client.js'

/** @typedef {'connecting' | 'connected' | 'disconnected'} Link */

/** As where the server finds that a session is not good. */
const ANOTHER_USER = 3500

const at = (/** @type {string} */ path) => new URL(path, SERVER).href

/**
 * The cookie of the page is its credential, so there is no token.
 * @param {object} options
 * @param {string} options.user
 * @param {import('./keep.js').Keep['waiting']} options.store
 * @param {(link: Link) => void} options.onLink
 * @param {(ended: { code: number, reason: string }) => void} options.onEnd stays away
 * @param {(receipt: import('../usher-client.js').OwnReceipt) => void} options.onReceipt
 */
export function connect({ user, store, onLink, onEnd, onReceipt }) {
  const socket = at('connection/websocket').replace(/^http/, 'ws')
  const transports = [
    { transport: 'websocket', endpoint: socket },
    { transport: 'http_stream', endpoint: at('connection/http_stream') },
    { transport: 'sse', endpoint: at('connection/sse') },
  ]
  const sdk = new globalThis.Centrifuge(transports, { emulationEndpoint: at('emulation') })
  sdk.on('state', (/** @type {{ newState: Link }} */ { newState }) => onLink(newState))
  sdk.on('disconnected', (/** @type {{ code: number, reason: string }} */ ended) => {
    // 0 is the page's own disconnecting.
    if (ended.code !== 0) onEnd(ended)
  })
  // The server joins each user to a room of their own, in the reply that says who they are: the
  // cookie may be another person's by now, for whom nothing of this one may be sent.
  sdk.on('subscribed', (/** @type {{ channel: string }} */ { channel }) => {
    if (!channel.startsWith('user:') || channel === `user:${user}`) return
    sdk.disconnect()
    onEnd({ code: ANOTHER_USER, reason: 'another user logged in' })
  })
  const client = new UsherClient(sdk, { user, store, onReceipt })
  sdk.connect()
  return { sdk, client }
}
