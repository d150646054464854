// The command `usher`. It imports nothing before it knows that this Node can run the rest, so too
// old a Node is told so in a sentence.

/** As `engines` in package.json says; `npm run check:package` compares the two. */
const OLDEST = [24, 9] as const

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  const needed = OLDEST.join('.')
  process.stderr.write(`Usher needs Node ${needed} or newer; this is ${process.version}.\n`)
  process.exitCode = 1
} else {
  const { main } = await import('./command/main.ts')
  // A reader that has read enough, as in `usher check | head`, is no fault.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
  const code = await main(process.argv.slice(2), {
    start: () => import('./server.ts'),
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
    input: process.stdin,
  })
  if (code !== 0) process.exitCode = code
}
