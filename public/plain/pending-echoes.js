// Sent messages whose echo has not come yet. A room has one order, so echoes come in the order of
// sending. The same text of another member may be taken for an echo, which only sets a mark early.

/** @typedef {string | Uint8Array} Content */

/** @template Line */
export class PendingEchoes {
  /** @type {{ content: Content, line: Line }[]} */
  #waiting = []

  add(/** @type {Content} */ content, /** @type {Line} */ line) {
    this.#waiting.push({ content, line })
  }

  /**
   * The line of the oldest sent message with this content, or null for another member's message.
   * @param {Content} content
   */
  takeEchoOf(content) {
    const place = this.#waiting.findIndex((own) => isSame(own.content, content))
    return place === -1 ? null : (this.#waiting.splice(place, 1)[0]?.line ?? null)
  }

  /** Removes and returns all lines, when no echo can come any more. */
  takeAll() {
    return this.#waiting.splice(0).map((own) => own.line)
  }
}

function isSame(/** @type {Content} */ one, /** @type {Content} */ other) {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
