// TLS in the process itself, where there is no proxy. Certificates are renewed every few weeks: new
// files are taken over while connections live on.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { TlsFiles } from '../src/config/tls.ts'
import type { Clock } from '../src/time/clock.ts'

const LOOK_EVERY_MS = 10_000
/** A client that connects and sends nothing holds a socket no longer than this. */
const HANDSHAKE_MS = 10_000
const MIN_VERSION = 'TLSv1.2'

interface Pem {
  cert: Buffer
  key: Buffer
}

function read({ cert, key }: TlsFiles): Pem {
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

async function readAgain({ cert, key }: TlsFiles): Promise<Pem> {
  return { cert: await readFile(cert), key: await readFile(key) }
}

/**
 * Fastify's options for the kind of server: `http`, or `https` with the certificate; and `times`,
 * options of Node's server that Fastify does not hand on by itself.
 */
export function serverOptions(files: TlsFiles | null, times: object): object {
  // A request without Host is refused by plugins/security-headers, with a body.
  const options = { requireHostHeader: false, ...times }
  if (files === null) return { http: options }
  const tls = { ...read(files), minVersion: MIN_VERSION, handshakeTimeout: HANDSHAKE_MS }
  return { https: { ...tls, ...options } }
}

export interface TlsOptions {
  files: TlsFiles | null
  clock: Clock
}

/**
 * Takes new files over. Half-written or wrong ones are logged, and the old ones stay. The content
 * of the files is compared, not their times: links that are moved to new files count too.
 */
async function watchFiles(app: FastifyInstance, { files, clock }: TlsOptions): Promise<void> {
  if (files === null) return
  const server = app.server as unknown as TlsServer
  let seen = read(files)
  const look = async (): Promise<void> => {
    const found = await readAgain(files)
    if (found.cert.equals(seen.cert) && found.key.equals(seen.key)) return
    seen = found
    server.setSecureContext({ ...found, minVersion: MIN_VERSION })
    app.log.info('new TLS certificate taken over')
  }
  const timer = clock.every(LOOK_EVERY_MS, () => {
    look().catch((err: unknown) => {
      app.log.error({ err }, 'the new TLS certificate cannot be used: the old one stays')
    })
  })
  app.addHook('onClose', async () => timer.cancel())
}

export default fp(watchFiles, { name: 'usher-tls', fastify: '5.x' })
