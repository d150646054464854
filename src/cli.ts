// What `npx usher` starts. It imports nothing before it knows that this Node can run the rest, so
// too old a Node is told so in a sentence.

/** As `engines` in package.json says; `npm run check:package` compares the two. */
const OLDEST = [24, 9] as const

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  const needed = OLDEST.join('.')
  process.stderr.write(`Usher needs Node ${needed} or newer; this is ${process.version}.\n`)
  process.exitCode = 1
} else {
  await import('./server.ts')
}
