// The two tables of errors, beside the ones in the protocol page.
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { CLOSE, COMMAND_REPLY, mayReconnect, REPLY } from '../../src/protocol/errors.ts'

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

/** The cells of the table whose head begins with these words. */
function tableOf(head: string): string[][] {
  const lines = text.slice(text.indexOf(`| ${head} |`)).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(2, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

interface Row {
  error: string | undefined
  code: number
  status: number
}

test('[C2] the statuses, words and numbers are those of the table, and no others', async (t) => {
  const written = tableOf('status | error | code | when').map(([status, error, code]) => ({
    error,
    code: Number(code),
    status: Number(status),
  }))
  const byWord = (a: Row, b: Row) => `${a.error}`.localeCompare(`${b.error}`)
  const rows = Object.values<Row>(REPLY).map(({ error, code, status }) => ({ error, code, status }))
  t.same(rows.sort(byWord), written.sort(byWord))
})

test('[C2] what only commands are answered is in a table of its own', async (t) => {
  const written = tableOf('command | code | when').map(([error, code]) => [error, Number(code)])
  t.same(
    Object.values(COMMAND_REPLY).map(({ error, code }) => [error, code]),
    written,
  )
})

test('close codes and reasons are those of the table, and no others', async (t) => {
  const written = tableOf('code | reason | meaning').map(([code, reason]) => ({
    code: Number(code),
    reason,
  }))
  t.same(Object.values(CLOSE), written)
})

test('a reason is never empty and fits into a close frame', async (t) => {
  for (const { reason } of Object.values(CLOSE)) {
    t.match(reason, /^[a-z ]{2,123}$/)
  }
})

test('the number says whether a client may come back, as the table does in words', async (t) => {
  for (const [code = '', , meaning = ''] of tableOf('code | reason | meaning')) {
    const comesBack = meaning.includes('come back')
    t.equal(mayReconnect(Number(code)), comesBack, `${code}: ${meaning}`)
  }
})

test('application codes come back below the half thousand and stay away from it on', async (t) => {
  for (const code of [3000, 3499, 4000, 4499]) t.ok(mayReconnect(code), `${code}`)
  for (const code of [3500, 3999, 4500, 4999]) t.notOk(mayReconnect(code), `${code}`)
})
