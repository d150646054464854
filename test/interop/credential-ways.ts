// The ways in which a client may show its credential, and how to run a client that other people
// wrote.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { findProgram, type Program } from '../../scripts/programs.ts'
import type { StartedApp } from '../support/app.ts'
import { type Person, ticketOf } from '../support/people.ts'

/** One connection to try; empty fields are not sent. */
export interface Way {
  name: string
  url: string
  subprotocols: string[]
  headers: Record<string, string>
  /** Sent before everything else. */
  first: string | null
}

/** The record of one connection: the text and bytes that came back, and the close code. */
export interface Trip {
  name: string
  subprotocol: string | null
  text: string
  /** In hexadecimal. */
  binary: string
  closed: number
}

export const SPOKEN = { text: 'grüße 👋', binary: '00ff10' } as const

/** A ticket in the URL, as subprotocol and as first message; a token in the header and first. */
export async function waysOf(usher: StartedApp, who: Person, room: string): Promise<Way[]> {
  const url = `${usher.url.replace('http', 'ws')}/rooms/${room}`
  const ticket = () => ticketOf(usher, who.bearer)
  const plain = { url, subprotocols: [], headers: {}, first: null }
  const token = who.bearer.authorization.slice('Bearer '.length)
  const offers = ['usher.raw', `usher.ticket.${await ticket()}`]
  return [
    { ...plain, name: 'ticket in the URL', url: `${url}?ticket=${await ticket()}` },
    { ...plain, name: 'ticket as subprotocol', subprotocols: offers },
    { ...plain, name: 'bearer token', headers: { Authorization: who.bearer.authorization } },
    { ...plain, ...first(url, { ticket: await ticket() }), name: 'ticket as first message' },
    { ...plain, ...first(url, { token }), name: 'token as first message' },
    { ...plain, name: 'cookie', headers: { Cookie: who.browser.cookie, Origin: usher.url } },
  ]
}

function first(url: string, message: Record<string, string>): Pick<Way, 'url' | 'first'> {
  return { url: `${url}?auth=message`, first: JSON.stringify(message) }
}

/** The records that all of them should give. */
export function tripsOf(ways: readonly Way[]): Trip[] {
  return ways.map(({ name, subprotocols }) => ({
    name,
    subprotocol: subprotocols.includes('usher.raw') ? 'usher.raw' : null,
    ...SPOKEN,
    closed: 1000,
  }))
}

/** Runs a program to its end and gives its output; another exit code than 0 is an error. */
export async function run(program: Program, args: readonly string[]): Promise<string> {
  const path = findProgram(program)
  if (path === null) throw new Error(`${program.title} is missing: npm run pretest`)
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [printed, complained, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (code !== 0) throw new Error(`${program.title} ended with ${code}: ${complained}`)
  return printed
}

/** Runs a Python client of this folder. It prints one JSON value in a line for each thing to do. */
export async function runPython(program: Program, file: string, todo: object): Promise<unknown[]> {
  const printed = await run(program, [`${import.meta.dirname}/${file}`, JSON.stringify(todo)])
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
