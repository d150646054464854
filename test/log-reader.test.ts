// The reader of a server's log goes away, stops, or was never there: the server goes on, in bounded
// memory, and ends in time. With real processes.
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { SERVER_KEY } from './support/app.ts'
import { freePort } from './support/free-port.ts'
import { asServer, call } from './support/people.ts'
import { Program } from './support/program.ts'
import { answering, SERVER, startServer } from './support/server-process.ts'
import { until } from './support/until.ts'

const ENDS_MS = 10_000
/** Bytes of path that a line keeps, so that few requests fill a pipe. */
const LONG = 'x'.repeat(600)

function settings(t: Test): Record<string, string> {
  return {
    USHER_DATA: join(t.testdir({}), 'data'),
    USHER_DRAIN_SECONDS: '1',
    USHER_API_KEYS: `backend:${SERVER_KEY}`,
  }
}

/** Each of these is a line: they are a back end's. */
async function fillLog(url: string, lines: number): Promise<void> {
  for (let sent = 0; sent < lines; sent += 100) {
    const path = `${url}/rooms/chat:a/messages/7?y`
    const asked = Array.from({ length: 100 }, () =>
      call(`${url}/rooms/${LONG.slice(0, 128)}`, 'GET', { headers: asServer }),
    )
    await Promise.all(asked)
    await call(path, 'DELETE', { headers: asServer })
  }
}

async function endsInTime(t: Test, program: Program): Promise<void> {
  const late = setTimeout(() => program.signal('SIGKILL'), ENDS_MS)
  t.equal(await program.end('SIGTERM'), 0, 'it ends by itself, within ten seconds')
  clearTimeout(late)
}

async function leftOut(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: asServer })).text()
  return Number(/^usher_log_lines_left_out_total\{log="output"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

test('[S51] the reader of the log goes away: the server goes on, and ends in time', async (t) => {
  const { program, url } = await startServer(t, settings(t))
  program.closeOutput()
  await fillLog(url, 300)
  t.equal((await call(`${url}/health/ready`, 'GET')).status, 200)
  await until(async () => (await leftOut(url)) > 0)
  await endsInTime(t, program)
})

test('[S51] a reader that stops costs bounded memory, and lines that are counted', async (t) => {
  const { program, url } = await startServer(t, settings(t))
  await fillLog(url, 500)
  program.stopReading()
  await until(async () => {
    await fillLog(url, 500)
    return (await leftOut(url)) > 0
  })
  t.equal((await call(`${url}/health/ready`, 'GET')).status, 200)
  program.readAgain()
  const notice = await program.shows(/"unwritten":(\d+),"msg":"lines of the log were left out/)
  t.ok(Number(notice[1]) > 0)
  await call(`${url}/rooms/chat:the-next`, 'GET', { headers: asServer })
  await program.shows(/chat:the-next/)
  await endsInTime(t, program)
})

test('[S51] a reader that has stopped does not keep the process either', async (t) => {
  const { program, url } = await startServer(t, settings(t))
  program.stopReading()
  await until(async () => {
    await fillLog(url, 500)
    return (await leftOut(url)) > 0
  })
  await endsInTime(t, program)
})

test('[S51] [C65] a server whose output was closed from the start serves and ends', async (t) => {
  const port = await freePort()
  const program = new Program({
    command: ['sh', '-c', `exec ${process.execPath} ${SERVER} >&-`],
    cwd: t.testdir({}),
    env: { ...settings(t), PORT: String(port) },
  })
  t.teardown(() => program.end('SIGKILL'))
  await answering(program, `http://127.0.0.1:${port}`)
  await endsInTime(t, program)
})

test('[S51] what was logged last is there when the process has ended', async (t) => {
  const { program, url } = await startServer(t, settings(t))
  await call(`${url}/rooms/chat:the-last`, 'GET', { headers: asServer })
  await endsInTime(t, program)
  t.match(program.stdout, /chat:the-last/)
  t.match(program.stdout, /"signal":"SIGTERM","msg":"closing"/)
})
