// Requests whose body comes after the end of the application's own session: its `identity` is asked
// again, at Usher's endpoints and at the application's own.
import { type Test, test } from 'tap'
import type { HostUser } from '../../src/index.ts'
import { type Begun, begin } from '../support/slow-body.ts'
import { until } from '../support/until.ts'
import { type Host, startHost } from './host.ts'

const TICKETS = '/rt/tickets'
const OWN = '/mine'
/** Longer than Usher takes the proof of a head for fresh. */
const LATE_MS = 300

interface Scene extends Host {
  /** What `identity` gives. */
  answer: HostUser | null
  /** How often it was asked. */
  asked: number
}

async function start(t: Test): Promise<Scene> {
  const scene = { answer: { user: 'ann', session: 'one' }, asked: 0 } as Scene
  const identity = (): HostUser | null => {
    scene.asked += 1
    return scene.answer
  }
  const host = await startHost(t, {
    options: { identity },
    after: (app) =>
      app.post(OWN, { onRequest: (request) => app.usher.authenticate(request) }, async () => ({})),
  })
  return Object.assign(scene, host)
}

async function headOf(scene: Scene, path: string): Promise<Begun> {
  const { url, asked } = scene
  const request = { method: 'POST', path, headers: { origin: url }, body: '{}' }
  const begun = await begin(url, request)
  await until(() => scene.asked > asked)
  return begun
}

for (const [path, good] of [
  [TICKETS, 201],
  [OWN, 200],
] as const) {
  test(`[S46] ${path}: a body after a log-out that Usher was told of is a 401`, async (t) => {
    const scene = await start(t)
    const begun = await headOf(scene, path)
    scene.answer = null
    await scene.app.usher.disconnect({ session: 'one' })
    t.equal(await begun.finish(), 401)
  })

  test(`[S46] ${path}: a late body asks the application again, who it is now`, async (t) => {
    const scene = await start(t)
    for (const [now, status] of [
      [scene.answer, good],
      [{ user: 'ann', session: 'two' }, 401],
      [{ user: 'bob', session: 'one' }, 401],
      [null, 401],
    ] as const) {
      scene.answer = { user: 'ann', session: 'one' }
      const begun = await headOf(scene, path)
      const began = performance.now()
      scene.answer = now
      await until(() => performance.now() - began > LATE_MS)
      t.equal(await begun.finish(), status)
    }
  })

  test(`[S46] ${path}: a body that comes at once asks the application once`, async (t) => {
    const scene = await start(t)
    const headers = { origin: scene.url, 'content-type': 'application/json' }
    const { status } = await fetch(scene.url + path, { method: 'POST', headers, body: '{}' })
    t.equal(status, good)
    t.equal(scene.asked, 1)
  })
}
