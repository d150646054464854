// Paths that want out of public/, or at what is in it and not for readers.
import { type Attack, attack, type Family } from '../attack.ts'
import type { Target } from '../target.ts'
import { wordsOf } from '../wire.ts'

const WRITTEN = String.raw`
  /../package.json /..%2fpackage.json /%2e%2e/package.json /%2e%2e%2fpackage.json
  /..%5cpackage.json /%5c..%5cpackage.json /..\package.json /....//package.json /..;/package.json
  /./../package.json /app.js/../../package.json /app.js/..%2f..%2fpackage.json
  /%252e%252e/package.json /%252e%252e%252fpackage.json /%c0%ae%c0%ae/package.json
  /%e0%80%ae%e0%80%ae/package.json /%u002e%u002e/package.json //package.json //etc/passwd
  ///etc/passwd /%2fetc%2fpasswd /%2f%2fevil.example //evil.example/.. /\evil.example
  /file:///etc/passwd /%00 /index.html%00.js /app.js%00 /..%00/package.json /.git/config /.env
  /.well-known/../../package.json /README.md /readme.md /README%2emd /README.m%64 /%52EADME.md
  /README.md/ /README.md%20 /README.md%2f /README.md?x=.js /./README.md /x/../README.md //README.md
  /public/README.md /src/server.ts /node_modules/fastify/package.json /constructor /__proto__
  /toString /% /%zz /%ff /app.js::$DATA /app.js~ /* /health/../package.json /rooms/../package.json
  /rooms/..%2f..%2fpackage.json
`
const PATHS = [
  ...WRITTEN.trim().split(/\s+/),
  `/${'../'.repeat(200)}etc/passwd`,
  `/${'a/'.repeat(3_000)}`,
]

const OURS = /"name": "fastify-usher"|root:x:0|fastify|What belongs|README/

export const paths: Family = {
  title: 'paths',
  parts: [control, reading, writing, ranges],
}

function reading(target: Target): Attack[] {
  return PATHS.map((path) => asking(target, 'GET', path))
}

function writing(target: Target): Attack[] {
  const methods = ['HEAD', 'POST', 'PUT', 'DELETE']
  return methods.map((method) => asking(target, method, '/..%2fpackage.json'))
}

function control(target: Target): Attack {
  const run = () => target.words({ path: '/chat/app.js' })
  return attack('control: a file of the page', '/chat/app.js', '200', run)
}

/** What is asked with HEAD is answered without a body, so without a word. */
function refusalOf(method: string): RegExp {
  if (method === 'HEAD') return /^40\d/
  return /^(400 bad_request|401 unauthorized|403 forbidden|404 not_found)$/
}

/** Refused, and what comes with it is nothing of ours; no redirect to another host either. */
function asking(target: Target, method: string, path: string): Attack {
  return attack(`${method} ${path.slice(0, 40)}`, path, refusalOf(method), async () => {
    const answer = await target.ask({ method, path })
    return OURS.test(answer.body) ? `leaked ${answer.body.slice(0, 60)}` : wordsOf(answer)
  })
}

function ranges(target: Target): Attack[] {
  const cases = 'bytes=0-0 bytes=-1 bytes=99999999- bytes=5-2 bytes=0-1,0-1,0-1 x=1'.split(' ')
  return cases.map((range) =>
    attack(`a range of a file: ${range}`, range, /^(200|206|416 .*|400 bad_request)$/, () =>
      target.words({ path: '/chat/app.js', headers: [['Range', range]] }),
    ),
  )
}
