// The line that says when there is no connection, and nothing while there is one.
import { element } from '../../shared/element.js'

/** A quick reconnect is silent. */
const SILENT_MS = 1_500

export class LinkLine {
  #line = element('link', HTMLElement)
  #timer = 0

  show(/** @type {import('../connection.js').Link} */ link) {
    clearTimeout(this.#timer)
    if (link === 'connected') return this.say('')
    const words = navigator.onLine ? 'Connecting…' : 'No network. What you write is sent later.'
    this.#timer = setTimeout(() => this.say(words), SILENT_MS)
  }

  say(/** @type {string} */ sentence) {
    this.#line.textContent = sentence
  }
}
