// The link with TLS, as a user with the least rights.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { certificate, certificateFiles, writeCertificate } from '../../support/certificate.ts'
import { freePort } from '../../support/free-port.ts'
import { makeUser } from '../../support/redis-rights.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const folder = await mkdtemp(join(tmpdir(), 'usher-redis-tls-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const made = certificate()
const files = certificateFiles(folder)
writeCertificate(files, made)
const port = await freePort()
const redis = await startRedis(t, [
  ...['--tls-port', `${port}`, '--tls-cert-file', files.cert, '--tls-key-file', files.key],
  ...['--tls-ca-cert-file', files.cert, '--tls-auth-clients', 'no'],
])
const user = await makeUser(redis)

/** As NODE_EXTRA_CA_CERTS does for a process. */
function trust(t: Test): void {
  const known = getCACertificates()
  setDefaultCACertificates([...known, made.cert])
  t.teardown(() => setDefaultCACertificates(known))
}

function linkTo(t: Test, user: string, host = 'localhost'): SingleLink {
  const url = `rediss://${user}@${host}:${port}`
  const link = new SingleLink({ url, clock: systemClock, random: systemRandom })
  t.teardown(() => link.close())
  return link
}

t.test('a certificate that no known authority signed is refused', async (t) => {
  await t.rejects(linkTo(t, user).open(), /self-signed/)
})

t.test('a user with the least rights does all that a link does, by TLS', async (t) => {
  trust(t)
  for (const host of ['localhost', '127.0.0.1']) {
    const link = linkTo(t, user, host)
    await link.open()
    const heard: string[] = []
    await link.subscribe('usher:c', (message) => heard.push(message.toString()))
    const text = "redis.call('SPUBLISH', KEYS[2], ARGV[1]) return redis.call('INCR', KEYS[1])"
    const script = { text, sha: '0'.repeat(40) }
    t.type(await link.run(script, ['usher:n', 'usher:c'], ['x']), 'number')
    await until(() => heard.length === 1, { what: 'the channel is heard' })
    await t.rejects(link.send('n', ['INCR', 'n']), /NOPERM/)
    await t.rejects(
      link.subscribe('c', () => {}),
      /NOPERM/,
    )
    await t.rejects(link.send('usher:n', ['FLUSHALL']), /NOPERM/)
    t.equal(link.away, null)
  }
})

t.test('a wrong password is said', async (t) => {
  trust(t)
  await t.rejects(linkTo(t, 'usher:wrong').open(), /WRONGPASS/)
})
