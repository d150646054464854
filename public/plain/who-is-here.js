// Who is in the room, or how many users, requested again every few seconds while the page is
// visible.
import { describeMembers, describeRoom } from './room-api.js'
import { hereText, UsersHere } from './users-here.js'

/** @import { Clock, Timer } from '../shared/clock.js' */
/** @import { Member } from './users-here.js' */

const AGAIN_MS = 10_000

export class WhoIsHere {
  #place
  #clock
  #users = new UsersHere()
  /** @type {Timer | null} */
  #timer = null
  #room = ''
  /** Asks the server what its rule for the room tells. */
  #ask = describeRoom

  constructor(/** @type {HTMLElement} */ place, /** @type {Clock} */ clock) {
    this.#place = place
    this.#clock = clock
  }

  /** Starts the requests. Resolves with the room's rule, which the first answer has. */
  async follow(/** @type {string} */ room) {
    this.stop()
    this.#room = room
    const { rule = {}, users = 0 } = (await describeRoom(room)) ?? {}
    this.#ask = rule.presence === 'members' ? describeMembers : describeRoom
    this.#show(room, { users })
    if (rule.presence === 'members') this.#look(room)
    return rule
  }

  stop() {
    this.#timer?.cancel()
    this.#room = ''
    this.#users.clear()
    this.#place.hidden = true
  }

  /** Null is no answer: what is shown stays. */
  #show(
    /** @type {string} */ room,
    /** @type {{ users: number, members?: Member[] | null } | null} */ state,
  ) {
    if (room !== this.#room) return
    this.#timer?.cancel()
    this.#timer = this.#clock.after(AGAIN_MS, () => this.#look(room))
    if (state === null) return
    const { users, members } = state
    const names = members ? this.#users.seen(members, this.#clock.elapsed()) : []
    this.#place.textContent = names.length > 0 ? hereText(names) : `${users} here`
    this.#place.hidden = users === 0 && names.length === 0
  }

  async #look(/** @type {string} */ room) {
    const isSeen = document.visibilityState === 'visible'
    if (isSeen) this.#show(room, await this.#ask(room))
    else this.#timer = this.#clock.after(AGAIN_MS, () => this.#look(room))
  }
}
