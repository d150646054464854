// The list of habits: the sentence that a test proves, and the check that looks.
import { databases, environment, frameworks, time } from './doors.ts'
import { barrels, defaultExports, erasable, ladders } from './exports.ts'
import { emptyNames, glossary } from './names.ts'
import { openings, readmes } from './signposts.ts'
import { fileLength, functionLength, lineLength, nesting } from './size.ts'
import type { Check } from './tree.ts'
import { cycles, walls } from './walls.ts'

export const CHECKS = {
  'a file has at most 300 lines': fileLength,
  'a line has at most 100 columns': lineLength,
  'a function has at most 50 lines': functionLength,
  'statements nest at most 3 deep': nesting,
  'imports follow the table of the house': walls,
  'imports never run in a circle': cycles,
  'folders of src/ know no web framework': frameworks,
  'only src/engine knows databases': databases,
  'only the config reads the environment': environment,
  'only src/time knows time and chance': time,
  'src/ exports by name': defaultExports,
  'no file only re-exports': barrels,
  'no class extends anything but Error': ladders,
  'types leave no code behind': erasable,
  'names say something': emptyNames,
  'names come from the glossary': glossary,
  'a short README stands in each folder': readmes,
  'a file opens with a comment': openings,
} as const satisfies Record<string, Check>

export type Habit = keyof typeof CHECKS
