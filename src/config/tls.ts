// The settings of TLS in the process itself: two files, looked at before anything is opened.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Reader } from './reader.ts'

/** Where the certificate chain and its key are, as PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

const CERT = 'USHER_TLS_CERT'
const KEY = 'USHER_TLS_KEY'

/** Null for plain HTTP. Whatever is wrong with the files is told by the name of the setting. */
export function tlsOf(reader: Reader): TlsFiles | null {
  const cert = reader.text(CERT)
  const key = reader.text(KEY)
  if (cert === null && key === null) return null
  if (cert === null || key === null) {
    reader.wrong(cert === null ? CERT : KEY, 'certificate and key go together')
    return null
  }
  checkFiles(reader, { cert, key })
  return { cert, key }
}

function checkFiles(reader: Reader, files: TlsFiles): void {
  const cert = contentOf(reader, CERT, files.cert)
  const key = contentOf(reader, KEY, files.key)
  if (cert === null || key === null) return
  const certificate = attempt(() => new X509Certificate(cert))
  const secret = attempt(() => createPrivateKey(key))
  if (certificate === null) reader.wrong(CERT, 'is no certificate: write the path of a PEM file')
  if (secret === null) reader.wrong(KEY, 'is no private key in PEM without a passphrase')
  if (certificate === null || secret === null) return
  if (!certificate.checkPrivateKey(secret)) {
    reader.wrong(KEY, 'is not the key of the certificate in USHER_TLS_CERT')
  } else if (attempt(() => createSecureContext({ cert, key })) === null) {
    reader.wrong(CERT, 'is a certificate that TLS does not take: make one with a stronger key')
  }
}

function contentOf(reader: Reader, name: string, path: string): Buffer | null {
  const content = attempt(() => readFileSync(path))
  if (content === null) reader.wrong(name, 'cannot be read: write the path of a PEM file')
  return content
}

function attempt<Result>(make: () => Result): Result | null {
  try {
    return make()
  } catch {
    return null
  }
}
