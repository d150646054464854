// The settings of TLS in the process itself: two files, checked before the server opens.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Mistakes } from './mistakes.ts'
import type { Settings } from './settings.ts'

/** Where the certificate chain and its key are, as PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

const CERT = 'tls.cert'
const KEY = 'tls.key'

/** Null for plain HTTP. Each mistake in the files is told by the name of the setting. */
export function tlsOf(settings: Settings, mistakes: Mistakes): TlsFiles | null {
  const cert = settings[CERT]
  const key = settings[KEY]
  if (cert === null && key === null) return null
  if (cert === null || key === null) {
    mistakes.add(cert === null ? CERT : KEY, 'certificate and key go together')
    return null
  }
  checkFiles(mistakes, { cert, key })
  return { cert, key }
}

function checkFiles(mistakes: Mistakes, files: TlsFiles): void {
  const cert = contentOf(mistakes, CERT, files.cert)
  const key = contentOf(mistakes, KEY, files.key)
  if (cert === null || key === null) return
  const certificate = attempt(() => new X509Certificate(cert))
  const secret = attempt(() => createPrivateKey(key))
  if (certificate === null) mistakes.add(CERT, 'is no certificate: write the path of a PEM file')
  if (secret === null) mistakes.add(KEY, 'is no private key in PEM without a passphrase')
  if (certificate === null || secret === null) return
  if (!certificate.checkPrivateKey(secret)) {
    mistakes.add(KEY, `is not the key of the certificate in ${mistakes.nameOf(CERT)}`)
  } else if (attempt(() => createSecureContext({ cert, key })) === null) {
    mistakes.add(CERT, 'is a certificate that TLS does not take: make one with a stronger key')
  }
}

function contentOf(
  mistakes: Mistakes,
  setting: typeof CERT | typeof KEY,
  path: string,
): Buffer | null {
  const content = attempt(() => readFileSync(path))
  if (content === null) mistakes.add(setting, 'cannot be read: write the path of a PEM file')
  return content
}

function attempt<Result>(make: () => Result): Result | null {
  try {
    return make()
  } catch {
    return null
  }
}
