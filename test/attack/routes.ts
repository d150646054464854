// A request for every path, from the table of routes, so that a new route is attacked by itself.
import Fastify, { type RouteOptions } from 'fastify'
import { usher } from '../../src/index.ts'
import type { Ask, Headers } from './wire.ts'

/** A path that has no route, and one of the page's files by its folder. */
const BESIDES: readonly Ask[] = [{ path: '/nowhere' }, { path: '/?x=1' }]

const NAMES: Readonly<Record<string, string>> = {
  ':room': 'open:taken',
  ':offset': '1',
  '*': 'swagger-ui-bundle.js',
}

const JSON_BODY: Headers = [['Content-Type', 'application/json']]

/** A request for each route, with a body where the method has one. */
export async function allRequests(prefix: string): Promise<Ask[]> {
  const asks: Ask[] = [...BESIDES]
  const app = Fastify({ routerOptions: { maxParamLength: 256 } })
  app.addHook('onRoute', (route) => void asks.push(...asksOf(route)))
  await app.register(usher, { data: ':memory:', pages: true })
  await app.close()
  return asks.map((ask) => ({ ...ask, path: `${prefix}${ask.path}` }))
}

function asksOf({ method, url }: RouteOptions): Ask[] {
  const path = url.replaceAll(/:\w+|\*$/g, (name) => NAMES[name] ?? 'u_taken')
  return [method].flat().map((method) => {
    const hasBody = method === 'POST' || method === 'PUT'
    return hasBody ? { method, path, headers: JSON_BODY, body: '{}' } : { method, path }
  })
}
