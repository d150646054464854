// The user that docs/scaling.md tells operators to give Usher on Redis, and what it was refused.
import { readFileSync } from 'node:fs'
import { type RedisServer, tell } from './redis-server.ts'

const PAGE = new URL('../../docs/scaling.md', import.meta.url)
const PASSWORD = 'p:a/s%s@'

/** What stands on the page after the password, in several lines. */
function leastRights(): string[] {
  const [, rights] =
    /^ACL SETUSER usher on >PASSWORD ([^`]+)/m.exec(readFileSync(PAGE, 'utf8')) ?? []
  if (rights === undefined) throw new Error('docs/scaling.md has no line with the rights')
  return rights.trim().split(/\s+/)
}

/** Makes the user; gives its name and password, as they stand in a URL. */
export async function makeUser({ port }: Pick<RedisServer, 'port'>): Promise<string> {
  await tell(port, 'ACL', 'SETUSER', 'usher', 'on', `>${PASSWORD}`, ...leastRights())
  return `usher:${encodeURIComponent(PASSWORD)}`
}

/** What Redis refused to users for want of a right: commands, keys and channels. */
export async function refusedOn({ port }: Pick<RedisServer, 'port'>): Promise<string[]> {
  const log = (await tell(port, 'ACL', 'LOG')) as Buffer[][]
  return log
    .map((entry) => entry.map(String))
    .map((entry) => entry[entry.indexOf('object') + 1] ?? '')
}
