// The list of habits: the sentence that a test proves, and the check that looks.
import { barrels, ladders } from './exports.ts'
import { emptyNames, glossary } from './names.ts'
import { openings, readmes } from './signposts.ts'
import { lineLength, nesting } from './size.ts'
import { time } from './time.ts'
import type { Check } from './tree.ts'
import { walls } from './walls.ts'
import { plainNames, plainWords } from './words.ts'

export const CHECKS = {
  'a line has at most 100 columns': lineLength,
  'statements nest at most 3 deep': nesting,
  'imports follow the table of folders': walls,
  'only src/time knows time and random': time,
  'no file only re-exports': barrels,
  'no class extends anything but Error': ladders,
  'names say something': emptyNames,
  'names come from the glossary': glossary,
  'sentences name their thing': plainWords,
  'files and types have no private names': plainNames,
  'a short README stands in each folder': readmes,
  'a file opens with a comment': openings,
} as const satisfies Record<string, Check>

export type Habit = keyof typeof CHECKS
