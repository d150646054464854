// The single-node numbers of the model beside measurements of this machine: real nodes, a real
// Redis, real clients. Another machine is slower or faster in all: how much, one fixed piece of
// work tells, and the costs of the model are taken times that.
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { connects } from '../nodes/connects.ts'
import { smallRooms } from '../nodes/small-rooms.ts'
import { restart } from '../reconnect/restart.ts'
import type { Scale } from '../scenarios/scenario.ts'
import { short } from '../table.ts'
import { type Costs, costsOf } from './costs.ts'
import { engineCosts, restingNode } from './engine-costs.ts'
import { type Expected, expected, returnSeconds } from './expected.ts'
import { bigRoom, idleBytes, nodeAtRest } from './node-costs.ts'
import { slowness } from './slowness.ts'

/** A ratio between model and measurement that is agreement, and one that fails. */
const AGREES = 1.5
const FAILS = 2
/** A row that fails is measured again: other programs may have had the machine. */
const TRIES = 2
const OTHERS_MAX = 0.25
const LOOK_MS = 500

interface Row {
  readonly name: string
  readonly model: number
  readonly value: number
}

type Found = Partial<Record<keyof Expected, number>>
type Measure = () => Promise<Found | readonly Row[]>

export async function check(isShort: boolean): Promise<boolean> {
  const slow = slowness()
  const costs = costsOf(slow)
  const model = expected(costs)
  console.log(`this machine takes ${slow.toFixed(2)} times as long as that of the costs\n`)
  console.log('| | model | measured | ratio | |\n|---|---|---|---|---|')
  let isGood = true
  for (const measure of measuresOf(isShort, costs)) {
    const { rows, others } = await measured(measure, model)
    for (const { name, model, value } of rows) {
      const verdict = verdictOf(offBy(model, value), others)
      isGood &&= verdict !== 'WRONG'
      const ratio = (value / model).toFixed(2)
      console.log(`| ${[name, short(model), short(value), ratio, verdict].join(' | ')} |`)
    }
  }
  console.log(`\nAgreement is within × ${AGREES}; beyond × ${FAILS} this fails, unless other`)
  console.log('programs had more than a quarter of the machine just before.')
  return isGood
}

function verdictOf(off: number, others: number): string {
  if (off <= AGREES) return 'agrees'
  if (off <= FAILS) return 'near'
  return others > OTHERS_MAX ? `other programs: ${Math.round(others * 100)} %` : 'WRONG'
}

/** The better one of two tries, where one is not good enough. */
async function measured(measure: Measure, model: Expected) {
  let best: readonly Row[] = []
  let others = 0
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    others = Math.max(others, await busyOthers())
    const rows = rowsOf(await measure(), model)
    best = rows.map((row, at) => better(row, best[at] ?? row))
    if (others > OTHERS_MAX || best.every(({ model, value }) => offBy(model, value) <= FAILS)) break
  }
  return { rows: best, others }
}

function rowsOf(found: Found | readonly Row[], model: Expected): readonly Row[] {
  if (Array.isArray(found)) return found
  return Object.entries(found).map(([name, value]) => {
    return { name, model: model[name as keyof Expected], value }
  })
}

function better(one: Row, other: Row): Row {
  return offBy(one.model, one.value) <= offBy(other.model, other.value) ? one : other
}

/** The share of all cores that programs use while nothing of this run does. */
async function busyOthers(): Promise<number> {
  const before = idleSoFar()
  await sleep(LOOK_MS)
  const after = idleSoFar()
  return 1 - (after.idle - before.idle) / (after.all - before.all)
}

function idleSoFar() {
  const times = cpus().flatMap(({ times }) => Object.entries(times))
  const sum = (all: typeof times) => all.reduce((total, [, value]) => total + value, 0)
  return { idle: sum(times.filter(([name]) => name === 'idle')), all: sum(times) }
}

function offBy(one: number, other: number): number {
  return Math.max(one / other, other / one)
}

function measuresOf(isShort: boolean, costs: Costs): Measure[] {
  const scale = { seconds: isShort ? 2 : 4, warmSeconds: 1, crowd: isShort ? 0.5 : 1 }
  const count = isShort ? 10_000 : 50_000
  const all: Measure[] = [
    () => ofEngine(count),
    ofRest,
    async () => ({ 'node, µs/s: at rest': await nodeAtRest(scale.seconds) }),
    async () => ({ 'node, µs: delivery, room of 1,000 at 40/s': await bigRoom(scale, 40) }),
    ...ofRooms(scale),
    () => ofConnections(scale),
    () => ofReturn(isShort ? 500 : 2_000, costs),
  ]
  // A few connections tell nothing of memory.
  if (isShort) return all
  const memory = [
    async () => ({ 'node, bytes: raw connection, one room of all': await idleBytes(false) }),
    async () => ({ 'node, bytes: raw connection, a room of its own': await idleBytes(true) }),
  ]
  return [...all, ...memory]
}

async function ofEngine(count: number): Promise<Found> {
  const costs = await engineCosts(count)
  const micros = (name: string) => costs[name]?.micros ?? Number.NaN
  return {
    'Redis, µs: stored message in a pipeline': micros('stored message'),
    'Redis, µs: with a key': micros('stored message with a key'),
    'Redis, µs: ticket, issued and used': micros('ticket, issued and redeemed'),
    'Redis, µs: entry of presence': micros('entry of presence'),
    'Redis, µs: look at a quiet room': micros('look at a room'),
    'Redis, µs: room that is followed': micros('room that is followed'),
    'Redis, µs: look, nothing beside it': micros('look, one at a time'),
    'Redis, µs: look, 16 nodes ask': micros('look, one at a time by each of 16 nodes'),
    'Redis, µs: push to a node, nothing beside it': micros('push to a node, one at a time'),
  }
}

async function ofRest(): Promise<Found> {
  const { micros, commands } = await restingNode(16)
  return {
    'Redis, µs/s: each of 16 nodes at rest': micros,
    'Redis, commands/s: each of 16 nodes at rest': commands,
  }
}

function ofRooms(scale: Scale): Measure[] {
  const one = { nodes: 1, members: 1, perSecond: 1_000, isStored: false }
  return [
    async () => {
      const { nodeMicros, redisMicros } = await smallRooms(one, scale)
      return {
        'node, µs: ephemeral message, one member': nodeMicros,
        'Redis, µs: ephemeral message, one member': redisMicros,
      }
    },
    async () => {
      const kind = { ...one, nodes: 2, members: 5, isStored: true }
      const { nodeMicros, redisMicros } = await smallRooms(kind, scale)
      return {
        'nodes, µs: stored message, ten members on two nodes': nodeMicros,
        'Redis, µs: stored message, ten members on two nodes': redisMicros,
      }
    },
    async () => {
      const { nodeMicros } = await smallRooms({ ...one, perSecond: 4_000 }, scale)
      return { 'node, µs: ephemeral message, one member, at 4,000/s': nodeMicros }
    },
  ]
}

async function ofConnections(scale: Scale): Promise<Found> {
  const { nodeMicros, redisMicros, ticketMicros } = await connects('redis', scale)
  return {
    'node, µs: connection with a ticket': nodeMicros,
    'node, µs: ticket': ticketMicros,
    'Redis, µs: connection with a ticket': redisMicros,
  }
}

/** A node that is killed and starts again; its clients come back with the wait of the SDKs. */
async function ofReturn(size: number, costs: Costs): Promise<readonly Row[]> {
  const { facts } = await restart({ size, ending: 'kill -9', admission: 'default' }, [])
  const value = facts['all back s after the first accept'] ?? Number.NaN
  const model = returnSeconds(size, facts['down s'] ?? Number.NaN, costs)
  return [{ name: 'clients back after kill -9, s from the first', model, value }]
}
