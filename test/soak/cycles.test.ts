// The short form: a thousand connections come, talk and go, and nothing of them is left.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'

const PROGRAM = fileURLToPath(new URL('./cycles.ts', import.meta.url))
/** Tap would load itself into the child, and hold on to what it looks for. */
const WITHOUT_TAP = 'unset NODE_OPTIONS NODE_V8_COVERAGE; exec "$@"'

test('after a thousand connections nothing of them is left', async (t) => {
  const command = ['sh', process.execPath, '--expose-gc', PROGRAM, '1000', '50']
  const child = spawn('sh', ['-c', WITHOUT_TAP, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk
    })
  }
  const [code] = await once(child, 'close')
  t.equal(code, 0, said)
})
