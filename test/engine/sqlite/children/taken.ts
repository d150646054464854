// What `take-back.ts` publishes and takes back: so many messages of one user in each of two rooms,
// and one of another.
export const REDACTED = 'chat:redacted'
export const DELETED = 'chat:deleted'
export const KEPT = { messages: 100_000, ageMs: null }
export const SAID = 2_500
export const SECRET = 'something that is taken back'
