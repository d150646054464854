// nginx, HAProxy and Caddy in front of several nodes, with the configurations of deploy/nodes/.
import { type Changes, caddy, haproxy, nginx, type ProxyKind } from './proxies.ts'

/** What stands there for the nodes. */
const OF_THREE = ['10.0.0.11:3000', '10.0.0.12:3000', '10.0.0.13:3000']
const OF_ALL = ['usher-1:3000 usher-2:3000']

interface Differences {
  file: string
  places: readonly string[]
  /** By what stands in the file for one node: what stands in that for several. */
  others?: Readonly<Record<string, string>>
}

/** The same proxy with the same changes, but for what differs with several nodes. */
function ofNodes(kind: ProxyKind, { file, places, others = {} }: Differences): ProxyKind {
  const changes: ProxyKind['changes'] = (setting) => {
    const ofOne = Object.entries(kind.changes(setting)).filter(([found]) => !isNeedless(found))
    const renamed = ofOne.map(([found, wanted]) => [others[found] ?? found, wanted])
    return { ...Object.fromEntries(renamed), ...placed(places, setting.upstreams) }
  }
  return { ...kind, file, changes }
}

/** The address of the one node; and no client here is quiet for long. */
function isNeedless(found: string): boolean {
  return found === '127.0.0.1:3000' || found.includes('90s')
}

/** One place for each node, or one place for all. */
function placed(places: readonly string[], upstreams: readonly string[]): Changes {
  if (places.length === 1) return { [String(places[0])]: upstreams.join(' ') }
  return Object.fromEntries(places.map((place, at) => [place, upstreams[at] ?? '']))
}

export const NODE_PROXIES: readonly ProxyKind[] = [
  ofNodes(nginx, { file: 'nodes/nginx.conf', places: OF_THREE }),
  ofNodes(haproxy, {
    file: 'nodes/haproxy.cfg',
    places: OF_THREE,
    others: { 'maxconn 50000': 'maxconn 200000' },
  }),
  ofNodes(caddy, {
    file: 'nodes/Caddyfile',
    places: OF_ALL,
    others: { 'chat.example.com {': '{$USHER_HOST} {' },
  }),
]
