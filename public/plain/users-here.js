// The users in a room as the page shows them: one who is back soon was never gone.

/** @typedef {{ user: string | null, name: string | null }} Member */

const GONE_AFTER_MS = 10_000
const NAMES_MAX = 20

export class UsersHere {
  /** Each user's name, and since when it is missing. @type {Map<string, Here>} */
  #users = new Map()

  /**
   * Takes the members as they are now, and returns the names to show.
   * @param {readonly Member[]} members
   * @param {number} elapsed
   */
  seen(members, elapsed) {
    const present = new Map(members.map((member) => [member.user ?? '', nameOf(member)]))
    for (const [user, name] of present) this.#users.set(user, { name, missingSince: null })
    for (const [user, here] of this.#users) {
      if (present.has(user)) continue
      here.missingSince ??= elapsed
      if (elapsed - here.missingSince >= GONE_AFTER_MS) this.#users.delete(user)
    }
    return [...this.#users.values()].map(({ name }) => name)
  }

  clear() {
    this.#users.clear()
  }
}

/** @typedef {{ name: string, missingSince: number | null }} Here */

function nameOf(/** @type {Member} */ { user, name }) {
  return name ?? user ?? 'guests'
}

/** One line: how many there are, and the first names. */
export function hereText(/** @type {readonly string[]} */ names) {
  const first = names.slice(0, NAMES_MAX).join(', ')
  return `${names.length} here: ${first}${names.length > NAMES_MAX ? ', …' : ''}`
}
