// Records to store, unlike each other unless a test says so.
import type {
  AccountRecord,
  SessionRecord,
  TicketRecord,
} from '../../../src/engine/identity-store.ts'
import type { Draft } from '../../../src/protocol/message.ts'

let count = 0

export function account(fields: Partial<AccountRecord> = {}): AccountRecord {
  count += 1
  return {
    user: `u_${count}`,
    username: `Ada ${count}`,
    usernameKey: `ada ${count}`,
    password: '$argon2id$sample',
    createdAt: 1_000,
    ...fields,
  }
}

/** A session of that account. */
export function session(of: AccountRecord, fields: Partial<SessionRecord> = {}): SessionRecord {
  count += 1
  return {
    id: `s_${count}`,
    user: of.user,
    username: of.username,
    client: 'web',
    secretHash: `hash ${count}`,
    createdAt: 1_000,
    usedAt: 1_000,
    expiresAt: 9_000,
    ...fields,
  }
}

/** A ticket that a server key issued. */
export function ticket(fields: Partial<TicketRecord> = {}): TicketRecord {
  count += 1
  return {
    hash: `hash ${count}`,
    user: 'u_outside',
    session: null,
    rooms: null,
    name: null,
    info: null,
    issuedAt: 1_000,
    expiresAt: 2_000,
    connectionExpiresAt: null,
    ...fields,
  }
}

export function draft(text: string, fields: Partial<Draft> = {}): Draft {
  return {
    kind: 'text',
    payload: Buffer.from(text),
    user: 'u_ada',
    name: 'Ada',
    origin: 'c_1',
    ...fields,
  }
}
