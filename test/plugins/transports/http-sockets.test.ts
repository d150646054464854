// What a TCP connection keeps of the requests that it has carried.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'tap'
import { startOnManualClock } from '../../support/app.ts'
import { rawRequest } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('[S42] an idle TCP connection keeps nothing of its last request', async (t) => {
  const { clock, usher } = await startOnManualClock(t)
  const responses: WeakRef<object>[] = []
  usher.app.server.on('request', (_request, response) => responses.push(new WeakRef(response)))
  const client = await rawRequest(usher.url, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  t.equal(await client.status(), 200)
  await until(async () => {
    await clock.advance(1_000)
    collectGarbage()
    return responses[0]?.deref() === undefined
  })
  t.notOk(client.ended)
  client.socket.destroy()
})
