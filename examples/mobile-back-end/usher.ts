// The requests of this back end to Usher, over REST and with a server key. Any language can do so.

export interface Ticket {
  ticket: string
  /** Milliseconds since 1970, a few seconds from now; the ticket opens one connection. */
  expiresAt: number
  /** Where to open it. */
  url: string
}

export interface Usher {
  /** A ticket for one room, for a user whose right to it was checked. */
  ticketFor(user: string, room: string, info: object): Promise<Ticket>
  /** Publishes a message to all members of the room. */
  publish(room: string, data: object): Promise<void>
}

const TIMEOUT_MS = 5_000

export function usherAt(url: string, key: string): Usher {
  async function post(path: string, body: object): Promise<unknown> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) return response.json()
    throw new Error(`Usher answers ${response.status}: ${await response.text()}`)
  }
  return {
    ticketFor: (user, room, info) =>
      post('/tickets', { user, rooms: [room], info }) as Promise<Ticket>,
    publish: async (room, data) => void (await post(`/rooms/${room}/messages`, data)),
  }
}
