// Whether a store has the tables and columns that its version says. What a step leads to is found
// out by taking it in memory, so that no second list of columns can differ from the steps.
import { DatabaseSync } from 'node:sqlite'
import { MIGRATIONS, migrate, versionOf } from './schema.ts'

/**
 * Step 5 was changed after it had landed: stores of that day lack a column. A lacking column that
 * is not in this list is none of Usher's doing.
 */
const REPAIRS: Readonly<Record<string, string>> = {
  'rooms.empty_since': 'ALTER TABLE rooms ADD COLUMN empty_since INTEGER',
}

/** A table, or `table.column`, that the store should have by its version, and that stays away. */
export function lacking(db: DatabaseSync): string | null {
  return allLacking(db).find((name) => REPAIRS[name] === undefined) ?? null
}

/** Adds what stores lack because a step was changed. */
export function repair(db: DatabaseSync): void {
  for (const name of allLacking(db)) db.exec(REPAIRS[name] ?? '')
}

function allLacking(db: DatabaseSync): string[] {
  const model = new DatabaseSync(':memory:')
  try {
    migrate(model, MIGRATIONS.slice(0, versionOf(db)))
    const found = tablesOf(db)
    return [...tablesOf(model)].flatMap(([table, columns]) => {
      const there = found.get(table)
      if (there === undefined) return [table]
      return [...columns].filter((one) => !there.has(one)).map((one) => `${table}.${one}`)
    })
  } finally {
    model.close()
  }
}

function tablesOf(db: DatabaseSync): Map<string, Set<string>> {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const columns = db.prepare('SELECT name FROM pragma_table_info(?)')
  const namesIn = (table: string) => columns.all(table).map(({ name }) => String(name))
  return new Map(tables.map(({ name }) => [String(name), new Set(namesIn(String(name)))]))
}
