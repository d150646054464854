// What Redis answers, as text.
import type { Reply } from './link.ts'

export function textOf(reply: Reply | undefined): string | null {
  return reply === null || reply === undefined ? null : String(reply)
}

/** The elements of a list; null where one is missing, and no elements for any other answer. */
export function textsOf(reply: Reply | undefined): (string | null)[] {
  return Array.isArray(reply) ? reply.map(textOf) : []
}

export function numberOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text)
}
