// Lines we sent whose echo has not come back. A room has one order, so echoes come in the order
// of sending; somebody else may still say the same words, which only moves a mark a little early.

/** @typedef {string | Uint8Array} Content */

/** @template Line */
export class OwnLines {
  /** @type {{ content: Content, line: Line }[]} */
  #waiting = []

  add(/** @type {Content} */ content, /** @type {Line} */ line) {
    this.#waiting.push({ content, line })
  }

  /**
   * The oldest of our lines that this frame is the echo of, or null for somebody else's frame.
   * @param {Content} content
   */
  takeEchoOf(content) {
    const place = this.#waiting.findIndex((own) => isSame(own.content, content))
    return place === -1 ? null : (this.#waiting.splice(place, 1)[0]?.line ?? null)
  }

  /** Everything still waiting, when no echo can come any more. */
  takeAll() {
    return this.#waiting.splice(0).map((own) => own.line)
  }
}

function isSame(/** @type {Content} */ one, /** @type {Content} */ other) {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
