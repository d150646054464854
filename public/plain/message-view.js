// One message as an element. Text of users is only ever set as textContent.
import { fileTypeOf } from '../shared/file-type.js'

/**
 * @typedef {object} Line
 * @property {HTMLLIElement} element
 * @property {string} url of the message's file, to be revoked with the element; empty for text
 */

/**
 * @param {object} message
 * @param {'sent' | 'received'} message.direction
 * @param {string | Uint8Array} message.content
 * @param {string} [message.fileName] known for the user's own files only: a frame has no name
 * @param {Date} message.time
 * @returns {Line}
 */
export function buildLine({ direction, content, fileName, time }) {
  const element = document.createElement('li')
  element.className = 'line'
  element.dataset.direction = direction
  element.append(part('span', 'hidden-label', direction === 'sent' ? 'You: ' : 'Received: '))
  const url = typeof content === 'string' ? '' : addFile(element, { content, fileName, time })
  if (typeof content === 'string') element.append(part('p', 'text', content))
  element.dataset.kind = url ? 'binary' : 'text'
  element.append(buildFoot(time))
  return { element, url }
}

/** A sentence of the page itself. */
export function buildNote(/** @type {string} */ text) {
  const element = document.createElement('li')
  element.className = 'note'
  element.dataset.direction = 'note'
  element.textContent = text
  return element
}

/** Shows what is known about the delivery of a sent message. */
export function setMark(
  /** @type {HTMLElement} */ element,
  /** @type {'waiting' | 'delivered' | 'unconfirmed'} */ mark,
) {
  const shown = { waiting: '', delivered: '✓', unconfirmed: 'not confirmed' }
  const place = element.querySelector('.mark')
  if (!(place instanceof HTMLElement)) return
  element.dataset.mark = mark
  place.textContent = shown[mark]
  place.title = mark === 'delivered' ? 'The room has it' : ''
  // A screen reader should read failures aloud, and not that each message was delivered.
  place.ariaHidden = String(mark === 'delivered')
}

export function sizeText(/** @type {number} */ bytes) {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  return `${(bytes / 1024).toFixed(1).replace(/\.0$/, '')} KB`
}

function addFile(
  /** @type {HTMLElement} */ element,
  /** @type {{ content: Uint8Array, fileName?: string | undefined, time: Date }} */ file,
) {
  const { type, ending } = fileTypeOf(file.content)
  const url = URL.createObjectURL(new Blob([new Uint8Array(file.content)], { type }))
  const link = document.createElement('a')
  link.className = 'file'
  link.href = url
  link.download = file.fileName ?? `received-${clockTime(file.time).replace(':', '')}.${ending}`
  link.append(part('span', 'file-name', link.download))
  link.append(part('span', 'file-size', sizeText(file.content.length)))
  if (type.startsWith('image/')) element.append(buildPreview(url, link.download))
  element.append(link)
  return url
}

function buildPreview(/** @type {string} */ url, /** @type {string} */ name) {
  const image = document.createElement('img')
  image.className = 'preview'
  image.src = url
  image.alt = `Preview of ${name}`
  image.decoding = 'async'
  return image
}

function buildFoot(/** @type {Date} */ time) {
  const foot = document.createElement('p')
  foot.className = 'foot'
  const stamp = document.createElement('time')
  stamp.dateTime = time.toISOString()
  stamp.textContent = clockTime(time)
  foot.append(stamp, part('span', 'mark', ''))
  return foot
}

function part(
  /** @type {string} */ name,
  /** @type {string} */ className,
  /** @type {string} */ text,
) {
  const element = document.createElement(name)
  element.className = className
  element.textContent = text
  return element
}

function clockTime(/** @type {Date} */ time) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}`
}
