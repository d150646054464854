// All that a room keeps, read through its door, page by page and both ways.

import type { Scene } from './clients/run-parts.ts'
import type { History, Kept } from './verdict.ts'

const PAGE = 1_000

interface Page {
  epoch: string
  offset: number
  messages: { offset: number; data: string }[]
}

/** A history, and what the two ways to read it do not agree on. */
export async function historyOf(
  { url, authorization }: Pick<Scene, 'url' | 'authorization'>,
  room: string,
): Promise<History & { wrongs: string[] }> {
  const read = async (query: string): Promise<Page> => {
    const address = `${url}/rooms/${room}/messages?limit=${PAGE}&${query}`
    const response = await fetch(address, { headers: { authorization } })
    if (!response.ok) {
      throw new Error(`${address} answers ${response.status}: ${await response.text()}`)
    }
    return (await response.json()) as Page
  }
  const forward = await pages((last) => read(last === null ? '' : `after=${last}`))
  const back = await pages((last) => read(`order=desc${last === null ? '' : `&before=${last}`}`))
  const same = JSON.stringify(forward.kept) === JSON.stringify(back.kept.toReversed())
  // A client may still be talking: then it is read again anyway.
  const isStill = forward.offset === back.offset
  return { ...forward, wrongs: same || !isStill ? [] : [`${room} reads otherwise backwards`] }
}

async function pages(read: (last: number | null) => Promise<Page>): Promise<History> {
  const kept: Kept[] = []
  for (;;) {
    const { epoch, offset, messages } = await read(kept.at(-1)?.offset ?? null)
    if (messages.length === 0) return { epoch, offset, kept }
    kept.push(...messages.map(({ offset, data }) => ({ offset, text: data })))
  }
}
