// Connections of one user to a room, by every way to show a credential.
import type { StartedApp } from './app.ts'
import { type Client, connect } from './client.ts'
import { asServer, type Person, ticketOf } from './people.ts'

export interface EveryConnection {
  /** With the browser's session: its cookie, and a ticket of it. */
  web: Client[]
  /** With the app's session: its token, a ticket of it, and one as first message. */
  app: Client[]
  /** With a ticket that a back end issued: no session of ours is behind it. */
  given: Client[]
}

export async function connectEveryWay(
  usher: StartedApp,
  who: Person,
  name: string,
): Promise<EveryConnection> {
  const room = `${usher.url}/rooms/${name}`
  const byTicket = async (headers: Record<string, string>, body?: object) =>
    connect(`${room}?ticket=${await ticketOf(usher, headers, body)}`)
  const first = await connect(`${room}?auth=message`)
  first.send(JSON.stringify({ ticket: await ticketOf(usher, who.bearer) }))
  first.send('I am in')
  await first.next()
  return {
    web: [await connect(room, { headers: who.browser }), await byTicket(who.browser)],
    app: [await connect(room, { headers: who.bearer }), await byTicket(who.bearer), first],
    given: [await byTicket(asServer, { user: who.user })],
  }
}
