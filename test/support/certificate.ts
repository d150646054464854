// Certificates that sign themselves, made when a test needs one, and the files they stand in.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsFiles } from '../../src/config/tls.ts'

export interface Certificate {
  /** PEM. */
  cert: string
  /** PEM. */
  key: string
}

/** For localhost and 127.0.0.1, good for a day. */
export function certificate(name = 'localhost'): Certificate {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc']
  const out = ['-days', '1', '-keyout', '-', '-out', '-']
  const made = execFileSync('openssl', ['req', ...kind, ...subject, ...out], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const end = '-----END PRIVATE KEY-----\n'
  const cut = made.indexOf(end) + end.length
  return { key: made.slice(0, cut), cert: made.slice(cut) }
}

export function certificateFiles(folder: string): TlsFiles {
  return { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
}

export function writeCertificate(files: TlsFiles, { cert, key }: Certificate): void {
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
}
