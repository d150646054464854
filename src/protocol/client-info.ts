// What other members see of a connection: its id, its user, and what the user shows of itself.
import type { ClientInfo } from './event.ts'
import type { Identity } from './identity.ts'

/** Only the `public` part of what travels with the user is in it (S54). */
export function clientInfo(connection: string, { user, name, info }: Identity): ClientInfo {
  return { connection, user, name, info: publicInfo(info) }
}

/** The object under `public` in this JSON text, as JSON text; null where there is none. */
function publicInfo(info: string | null): string | null {
  // Most users have none: then nothing is parsed.
  if (info === null || !info.includes('"public"')) return null
  const { public: shown } = JSON.parse(info) as { public?: unknown }
  const isObject = typeof shown === 'object' && shown !== null && !Array.isArray(shown)
  return isObject ? JSON.stringify(shown) : null
}
