// How times, names and links of the chat are written.

const HUES = 8
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' })
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' })
const fullDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' })
const shortDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'short' })
const LINK = /https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]}]/g
const DAY_MS = 86_400_000

export const clockTime = (/** @type {number} */ ms) => time.format(ms)

/** The day of a message, as people say it. */
export function dayText(/** @type {number} */ ms, now = Date.now()) {
  const days = daysBetween(ms, now)
  if (days === 0) return 'Today'
  if (days === 1) return 'Yesterday'
  if (days > 1 && days < 7) return weekday.format(ms)
  const isThisYear = new Date(ms).getFullYear() === new Date(now).getFullYear()
  return isThisYear ? dayOfYear.format(ms) : fullDay.format(ms)
}

/** For the list of rooms: the time of today, else the day. */
export function shortTime(/** @type {number} */ ms, now = Date.now()) {
  const days = daysBetween(ms, now)
  if (days === 0) return clockTime(ms)
  if (days === 1) return 'Yesterday'
  return days > 1 && days < 7 ? weekday.format(ms).slice(0, 3) : shortDay.format(ms)
}

function daysBetween(/** @type {number} */ ms, /** @type {number} */ now) {
  const midnight = (/** @type {number} */ at) => new Date(at).setHours(0, 0, 0, 0)
  return Math.round((midnight(now) - midnight(ms)) / DAY_MS)
}

/** The name of a room without what all of them begin with. */
export function roomTitle(/** @type {string} */ room) {
  return room.replace(/^chat:/, '')
}

/** At most two letters. */
export function initials(/** @type {string} */ name) {
  const words = name.split(/[\s:._~@-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? '?']
  return letters
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase()
}

/** The colour of a user or a room: always the same one. */
export function hueOf(/** @type {string | null} */ id) {
  let sum = 0
  for (const letter of id ?? '') sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return String(sum % HUES)
}

/** Text and the links in it, in order. @returns {{ text: string, href: string }[]} */
export function linksIn(/** @type {string} */ text) {
  const parts = []
  let at = 0
  for (const { 0: link, index } of text.matchAll(LINK)) {
    if (index > at) parts.push({ text: text.slice(at, index), href: '' })
    parts.push({ text: link, href: link })
    at = index + link.length
  }
  if (at < text.length) parts.push({ text: text.slice(at), href: '' })
  return parts
}

export function sizeText(/** @type {number} */ bytes) {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
