// TLS in the process itself, for those without a proxy. Certificates are renewed every few weeks:
// new files are taken over while connections live on.
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { TlsFiles } from '../src/config.ts'

const LOOK_EVERY_MS = 10_000

type ShouldUpgrade = (request: IncomingMessage) => boolean

function read({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

/** Fastify's options for the kind of server: `http`, or `https` with the certificate. */
export function tlsOptions(files: TlsFiles | null, shouldUpgradeCallback: ShouldUpgrade): object {
  if (files === null) return { http: { shouldUpgradeCallback } }
  return { https: { ...read(files), minVersion: 'TLSv1.2', shouldUpgradeCallback } }
}

/** Takes new files over. Half-written or wrong ones are logged, and the old ones stay. */
export function watchTls(app: FastifyInstance, files: TlsFiles | null): void {
  if (files === null) return
  const server = app.server as unknown as TlsServer
  const reload = (): void => {
    try {
      server.setSecureContext(read(files))
      app.log.info('new TLS certificate taken over')
    } catch (err) {
      app.log.error({ err }, 'the new TLS certificate cannot be used: the old one stays')
    }
  }
  const paths = [files.cert, files.key]
  for (const path of paths) watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, reload)
  app.addHook('onClose', async () => {
    for (const path of paths) unwatchFile(path, reload)
  })
}
