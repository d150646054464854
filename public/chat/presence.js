// Who is in one room now. A person who is back soon was never gone.

const GONE_AFTER_MS = 10_000

/** @typedef {{ client: string, user: string, connInfo?: { name?: string | null } }} Info */

export class Presence {
  /** @type {Map<string, { user: string, name: string }>} */
  #clients = new Map()
  #onChange

  constructor(/** @type {any} */ subscription, /** @type {() => void} */ onChange) {
    this.#onChange = onChange
    subscription.on('subscribed', async () => {
      const { clients } = await subscription.presence().catch(() => ({ clients: {} }))
      this.#clients = new Map()
      for (const info of Object.values(clients)) this.#add(info)
      onChange()
    })
    subscription.on('join', (/** @type {{ info: Info }} */ { info }) => {
      this.#add(info)
      onChange()
    })
    subscription.on('leave', (/** @type {{ info: Info }} */ { info }) => {
      setTimeout(() => this.#remove(info.client), GONE_AFTER_MS)
    })
  }

  /** Each person once, by name. */
  get people() {
    const people = new Map([...this.#clients.values()].map(({ user, name }) => [user, name]))
    return [...people].map(([user, name]) => ({ user, name })).sort(byName)
  }

  #add(/** @type {Info} */ { client, user, connInfo }) {
    this.#clients.set(client, { user, name: connInfo?.name || user || 'guest' })
  }

  #remove(/** @type {string} */ client) {
    if (this.#clients.delete(client)) this.#onChange()
  }
}

function byName(/** @type {{ name: string }} */ one, /** @type {{ name: string }} */ other) {
  return one.name.localeCompare(other.name)
}
