// How many members each user has in a room, so that users can be counted without looking at all.

/** Does nothing while nothing is counted. */
export function countUser(users: Map<string, number> | null, user: string, change: 1 | -1): void {
  if (users === null) return
  const members = (users.get(user) ?? 0) + change
  if (members > 0) users.set(user, members)
  else users.delete(user)
}
