// Numbers that exist anyway, read when /metrics is asked for.

import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, type Registry } from 'prom-client'

export type EventLoopDelay = ReturnType<typeof monitorEventLoopDelay>

interface Reading {
  name: string
  help: string
  read: () => number
}

const NANOSECONDS = 1e9

/** Numbers that go up and down. */
function gauges(app: FastifyInstance): Reading[] {
  const { connections, rooms, engine } = app
  return [
    {
      name: 'usher_connections',
      help: 'Open connections over any transport, also undecided ones.',
      read: () => connections.size,
    },
    { name: 'usher_members', help: 'Members of all rooms.', read: () => rooms.members },
    { name: 'usher_rooms', help: 'Rooms with members or just opening.', read: () => rooms.size },
    {
      name: 'usher_outbox_bytes',
      help: 'Bytes that wait for readers; a buffer that many share counts for each.',
      read: () => connections.slowReaders.totalBytes,
    },
    {
      name: 'usher_slow_readers',
      help: 'Connections for which something waits.',
      read: () => connections.slowReaders.size,
    },
    {
      name: 'usher_engine_waiting',
      help: 'Calls that wait for the engine.',
      read: () => engine.waiting,
    },
    {
      name: 'usher_store_bytes',
      help: 'Bytes that the store has on disk, without what is free inside; NaN if not known.',
      read: () => engine.storage.bytes ?? Number.NaN,
    },
    {
      name: 'usher_store_free_bytes',
      help: 'Bytes that are free on the volume of the store; NaN if not known.',
      read: () => engine.storage.free ?? Number.NaN,
    },
    {
      name: 'usher_ready',
      help: '1 when /health/ready says ready.',
      read: () => (engine.health().ready && !connections.leaving ? 1 : 0),
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Memory that the process has in RAM.',
      read: () => process.memoryUsage.rss(),
    },
    {
      name: 'nodejs_heap_size_used_bytes',
      help: 'JavaScript heap in use.',
      read: () => process.memoryUsage().heapUsed,
    },
  ]
}

/** Numbers that only go up. */
function totals(app: FastifyInstance): Reading[] {
  const { connections, rooms } = app
  return [
    {
      name: 'usher_messages_received_total',
      help: 'Messages that came over WebSockets, also those that were then refused.',
      read: () => connections.traffic.messagesIn,
    },
    {
      name: 'usher_bytes_received_total',
      help: 'Bytes of those messages.',
      read: () => connections.traffic.bytesIn,
    },
    {
      name: 'usher_commands_received_total',
      help: 'Commands of connections in many rooms, also those that were then refused.',
      read: () => connections.traffic.commands,
    },
    {
      name: 'usher_messages_published_total',
      help: 'Messages given to the engine, by every way to publish.',
      read: () => rooms.totals.published,
    },
    {
      name: 'usher_messages_delivered_total',
      help: 'Messages written to members: one to a thousand members counts a thousand.',
      read: () => rooms.totals.deliveries,
    },
    {
      name: 'usher_writes_total',
      help: 'Writes that those took: one per member and turn.',
      read: () => rooms.totals.writes,
    },
    {
      name: 'usher_bytes_sent_total',
      help: 'Bytes of frames written to connections.',
      read: () => connections.traffic.bytesOut,
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time of all threads, user and system.',
      read: () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1e6
      },
    },
  ]
}

/** MUST be called when all decorators that are read are there. */
export function registerReadings(
  registry: Registry,
  eventLoop: EventLoopDelay,
  app: FastifyInstance,
): void {
  const registers = [registry]
  for (const { read, ...about } of gauges(app)) {
    const collect = function (this: Gauge): void {
      this.set(read())
    }
    new Gauge({ ...about, registers, collect })
  }
  for (const { read, ...about } of totals(app)) {
    const collect = function (this: Counter): void {
      this.reset()
      this.inc(read())
    }
    new Counter({ ...about, registers, collect })
  }
  new Gauge({
    name: 'usher_event_loop_delay_seconds',
    help: 'How late the event loop was since the last time this was read.',
    labelNames: ['quantile'],
    registers,
    collect() {
      this.set({ quantile: '0.5' }, eventLoop.percentile(50) / NANOSECONDS)
      this.set({ quantile: '0.99' }, eventLoop.percentile(99) / NANOSECONDS)
      this.set({ quantile: '1' }, eventLoop.max / NANOSECONDS)
      eventLoop.reset()
    },
  })
}
