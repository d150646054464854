// A hash of a password as a former version of Usher with other parameters would have stored it.
import { argon2Sync, randomBytes } from 'node:crypto'

export interface FormerParameters {
  memory: number
  passes: number
}

export function formerHash(password: string, { memory, passes }: FormerParameters): string {
  const nonce = randomBytes(16)
  const parameters = { message: password, nonce, parallelism: 1, tagLength: 32, memory, passes }
  const [salt, hash] = [nonce, argon2Sync('argon2id', parameters)].map((bytes) =>
    bytes.toString('base64').replace(/=+$/, ''),
  )
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${salt}$${hash}`
}
