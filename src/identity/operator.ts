// What an operator does to accounts from the machine itself, without a key: `usher user`. A running
// server does it for the command, so that live connections end; else the command does it by itself.
import { REPLY, Refusal } from '../protocol/errors.ts'
import { PASSWORD_LENGTH } from '../protocol/limits.ts'
import { isUserId, USERNAME_PATTERN } from '../protocol/names.ts'
import type { Accounts } from './accounts.ts'
import type { RevokeAccess } from './revoke-access.ts'

const WITH_PASSWORD = ['add', 'password'] as const
const WITHOUT_PASSWORD = ['ban', 'unban'] as const
export const OPERATIONS = [...WITH_PASSWORD, ...WITHOUT_PASSWORD] as const

export type Operation = (typeof OPERATIONS)[number]

/** `name` is a username or an id; for a ban also the id of a user who has no account here. */
export type OperatorRequest =
  | { operation: (typeof WITH_PASSWORD)[number]; name: string; password: string }
  | { operation: (typeof WITHOUT_PASSWORD)[number]; name: string }

export interface OperationDone {
  user: string
  /** A sentence for the operator. */
  said: string
}

/** What counts for an operator's hashes: the reserve of server keys. */
const OPERATOR = 'operator'
const USERNAME = new RegExp(USERNAME_PATTERN)

/** @throws Refusal with a sentence that says what is wrong; it never repeats the password */
export function operatorRequest(value: unknown): OperatorRequest {
  const { operation, name, password } = (value ?? {}) as Record<string, unknown>
  const isKnown = (known: readonly string[]) => known.includes(operation as string)
  if (isKnown(WITH_PASSWORD)) {
    if (typeof name !== 'string' || !USERNAME.test(name)) throw refused(NO_USERNAME)
    if (!isPassword(password)) throw refused(NO_PASSWORD)
    return { operation: operation as 'add', name, password }
  }
  if (!isKnown(WITHOUT_PASSWORD)) throw refused(`Do one of ${OPERATIONS.join(', ')}.`)
  if (!isUserId(name)) throw refused(NO_USERNAME)
  return { operation: operation as 'ban', name }
}

export function needsPassword(operation: Operation): boolean {
  return (WITH_PASSWORD as readonly string[]).includes(operation)
}

const NO_USERNAME = 'That is no username: letters, digits and . _ @ - make one, at most 64.'
const { min, max } = PASSWORD_LENGTH
const NO_PASSWORD = `A password has ${min} to ${max} characters.`

function isPassword(password: unknown): password is string {
  return typeof password === 'string' && password.length >= min && password.length <= max
}

function refused(sentence: string): Refusal {
  return new Refusal(REPLY.badRequest, sentence)
}

export class Operator {
  readonly #accounts: Accounts
  readonly #revokeAccess: RevokeAccess

  constructor(accounts: Accounts, revokeAccess: RevokeAccess) {
    this.#accounts = accounts
    this.#revokeAccess = revokeAccess
  }

  /** Rejects with a Refusal, or with EngineUnavailable when a retry may help. */
  async run(request: OperatorRequest): Promise<OperationDone> {
    const { name } = request
    switch (request.operation) {
      case 'add': {
        const { password } = request
        const wish = { username: name, password, address: null, server: OPERATOR }
        const { user } = await this.#accounts.signUp(wish)
        return { user, said: `${name} has an account now: ${user}.` }
      }
      case 'password': {
        const user = await this.#accounts.userOf(name)
        await this.#accounts.resetPassword(user, request.password, OPERATOR)
        const said = `${name} has the new password; sessions and connections have ended.`
        return { user, said }
      }
      case 'ban': {
        const user = await this.#userOf(name)
        await this.#revokeAccess.ban(user)
        return { user, said: `${name} is banned; sessions and connections have ended.` }
      }
      case 'unban': {
        const user = await this.#userOf(name)
        await this.#revokeAccess.unban(user)
        return { user, said: `${name} is not banned any more.` }
      }
    }
  }

  /** What cannot be a username is the id of a user of another issuer, such as `jwt:ann`. */
  async #userOf(name: string): Promise<string> {
    return USERNAME.test(name) ? await this.#accounts.userOf(name) : name
  }
}
