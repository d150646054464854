// Holds the tree to its habits from the first commit on, so that there is never a backlog.
import { test } from 'tap'
import { BIOME_PLANTS, planted } from './support/tidy/biome.ts'
import { CHECKS, type Habit } from './support/tidy/checks.ts'
import { CLEAN } from './support/tidy/clean.ts'
import { PLANTS } from './support/tidy/plants.ts'
import { repositoryFiles, treeOf } from './support/tidy/tree.ts'

const tree = repositoryFiles()

for (const [habit, check] of Object.entries(CHECKS) as [Habit, (typeof CHECKS)[Habit]][]) {
  test(`tidy: ${habit}`, async (t) => {
    t.same(check(tree), [], 'nothing to mend')
  })

  test(`tidy: would notice if not: ${habit}`, async (t) => {
    for (const [path, text, line = 1] of PLANTS[habit]) {
      const found = check(treeOf({ [path]: text, ...readmesAbove(path) }))
      t.equal(found.length, 1, `one violation in ${path}`)
      t.match(found[0], `${path}:${line} `, 'it is found where it is, and says what to do')
    }
    t.same(check(treeOf(CLEAN)), [], 'a clean tree passes')
  })
}

/** So that a plant breaks one habit alone. */
function readmesAbove(path: string): Record<string, string> {
  const folders = path.split('/').slice(0, -1)
  const paths = folders.map((_, at) => `${folders.slice(0, at + 1).join('/')}/README.md`)
  return Object.fromEntries(paths.filter((readme) => readme !== path).map((readme) => [readme, '']))
}

test('tidy: would notice a folder without a README', async (t) => {
  const found = CHECKS['a short README stands in each folder'](
    treeOf({ 'src/README.md': '', 'src/room/room.ts': '' }),
  )
  t.match(found, ['src/room/README.md:1 '])
})

test('tidy: biome would notice too', async (t) => {
  t.same(planted(t.testdir({})), BIOME_PLANTS.map(({ path, rule }) => `${path} ${rule}`).toSorted())
})
