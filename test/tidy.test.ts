// Holds the tree to its habits from the first commit on, so that there is never a backlog.
import { test } from 'tap'
import { CHECKS, type Habit } from './support/tidy/checks.ts'
import { CLEAN } from './support/tidy/clean.ts'
import { PLANTED, treeOf } from './support/tidy/planted.ts'
import { repositoryFiles } from './support/tidy/tree.ts'

const tree = repositoryFiles()

for (const [habit, check] of Object.entries(CHECKS)) {
  test(`tidy: ${habit}`, async (t) => {
    t.same(check(tree), [], 'nothing to mend')
  })

  test(`tidy: would notice if not: ${habit}`, async (t) => {
    const plants = PLANTED.filter((plant) => plant.habit === (habit as Habit))
    t.not(plants.length, 0, 'something is planted')
    for (const { tree: planted, at } of plants) {
      const found = check(treeOf(planted))
      t.equal(found.length, 1, `one violation in ${Object.keys(planted)}`)
      t.match(found[0], `${at} `, 'it is found where it is, and says what to do')
    }
    t.same(check(treeOf(CLEAN)), [], 'a clean tree passes')
  })
}
