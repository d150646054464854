// What an operator is told where the server cannot listen.
import { test } from 'tap'
import { listenAdvice } from '../../src/config/listen-advice.ts'

const NAMES = { host: 'HOST', port: 'PORT' }

const TOLD: [syscall: string, code: string, sentence: RegExp][] = [
  ['listen', 'EADDRINUSE', /^why: name another HOST or PORT, or end what listens there\.$/],
  [
    'listen',
    'EADDRNOTAVAIL',
    /^why: this machine has no such address: name one of its own in HOST/,
  ],
  ['listen', 'EACCES', /^why: this user may not listen there: name a PORT of 1024 or more\.$/],
  ['listen', 'EINVAL', /^why: name another HOST or PORT\.$/],
  ['getaddrinfo', 'ENOTFOUND', /^why: HOST is no name that this machine knows/],
  ['getaddrinfo', 'EAI_AGAIN', /^why: HOST is no name that this machine knows/],
]

test('each reason why a server cannot listen has a sentence that says what to do', async (t) => {
  for (const [syscall, code, sentence] of TOLD) {
    const error = Object.assign(new Error('why'), { syscall, code })
    t.match(listenAdvice(error, NAMES), sentence)
  }
})

test('what has to do with other things gets no such sentence', async (t) => {
  t.equal(listenAdvice(new Error('a fault'), NAMES), null)
  t.equal(listenAdvice(Object.assign(new Error('a'), { syscall: 'open' }), NAMES), null)
})
