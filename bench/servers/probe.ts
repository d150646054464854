// Preloaded into a server under test: tells its memory when the run asks over IPC, after a
// collection when there is one, and ends the server when the run is gone. It does nothing else.
declare const Bun: { gc(force: boolean): void } | undefined

function collect(): void {
  if (typeof Bun !== 'undefined') Bun.gc(true)
  else globalThis.gc?.()
}

process.on('message', (asked) => {
  if (asked !== 'memory') return
  collect()
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ heapUsed, rss })
})
process.on('disconnect', () => process.exit())
