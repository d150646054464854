// One message as an element.
import { summaryOf } from '../message-data.js'
import { button, icon, make } from './make.js'
import { clockTime, hueOf, initials, linksIn, sizeText } from './words.js'

/** @typedef {import('../message-store.js').Message} Message */
/** @typedef {'sending' | 'sent' | 'failed' | 'delivered' | 'read'} Mark */

const MARKS = {
  sending: { symbol: 'clock', words: 'Waits to be sent' },
  failed: { symbol: 'alert', words: 'Not sent' },
  sent: { symbol: 'check', words: 'Sent' },
  delivered: { symbol: 'checks', words: 'Delivered' },
  read: { symbol: 'checks', words: 'Read' },
}
const PICTURE_SIDE = 320
const PIXELS_MAX = 25_000_000

/**
 * @param {object} shown
 * @param {Message} shown.message
 * @param {boolean} shown.isFirst of its group
 * @param {boolean} shown.isLast
 * @param {Mark} shown.mark of one's own message
 * @param {object} on
 * @param {(message: Message) => void} on.menu
 * @param {(offset: number) => void} on.quote
 * @param {(picture: { url: string, name: string }) => void} on.picture
 * @returns {{ element: HTMLElement, url: string }} the url of its file is to be revoked with it
 */
export function messageElement({ message, isFirst, isLast, mark }, on) {
  const { content, isOwn, user, name, id } = message
  const element = make('li', 'message')
  element.tabIndex = -1
  element.dataset.id = id
  element.dataset.hue = hueOf(user)
  for (const [name, is] of Object.entries({ own: isOwn, first: isFirst, last: isLast }))
    if (is) element.dataset[name] = ''
  if (!isOwn && isLast) {
    const avatar = make('span', 'avatar', initials(name || '?'))
    avatar.ariaHidden = 'true'
    element.append(avatar)
  }
  const bubble = make('div', 'bubble')
  const sender = isOwn ? 'You' : name || 'Unknown'
  bubble.append(make('p', isFirst && !isOwn ? 'sender' : 'hidden-label', sender))
  const url = content === null ? addTombstone(bubble) : addContent(bubble, content, on)
  bubble.append(footOf(message, mark))
  const more = button('Message actions', () => on.menu(message), {
    ...{ className: 'icon more', symbol: 'more' },
  })
  more.tabIndex = -1
  element.append(bubble, more)
  return { element, url }
}

function addTombstone(/** @type {HTMLElement} */ bubble) {
  bubble.classList.add('gone')
  bubble.append(make('p', 'text', summaryOf(null)))
  return ''
}

function addContent(
  /** @type {HTMLElement} */ bubble,
  /** @type {import('../message-data.js').Content} */ { text, reply, file },
  /** @type {Parameters<typeof messageElement>[1]} */ on,
) {
  if (reply) bubble.append(quoteOf(reply, on.quote))
  const url = file ? addFile(bubble, file, on.picture) : ''
  if (text !== '') bubble.append(textOf(text))
  else if (!file) bubble.append(make('p', 'text', ' '))
  return url
}

function quoteOf(
  /** @type {{ offset: number, name: string, text: string }} */ { offset, name, text },
  /** @type {(offset: number) => void} */ onQuote,
) {
  const quote = button('', () => onQuote(offset), { className: 'quote' })
  quote.tabIndex = -1
  const words = make('span', 'quote-text', text)
  words.dir = 'auto'
  quote.append(make('span', 'quote-name', name), words)
  return quote
}

function textOf(/** @type {string} */ text) {
  const words = make('p', 'text')
  words.dir = 'auto'
  for (const { text: part, href } of linksIn(text)) {
    if (href === '') words.append(part)
    else words.append(linkOf(href))
  }
  return words
}

function linkOf(/** @type {string} */ href) {
  const link = /** @type {HTMLAnchorElement} */ (make('a', '', href))
  link.href = href
  link.target = '_blank'
  link.rel = 'noopener noreferrer nofollow'
  return link
}

function addFile(
  /** @type {HTMLElement} */ bubble,
  /** @type {NonNullable<import('../message-data.js').Content['file']>} */ file,
  /** @type {(picture: { url: string, name: string }) => void} */ onPicture,
) {
  const { name, type, bytes } = file
  const url = URL.createObjectURL(new Blob([bytes], { type }))
  if (type.startsWith('image/')) {
    const image = pictureOf(url, file)
    const open = button('', () => image.src && onPicture({ url, name }), { className: 'picture' })
    open.tabIndex = -1
    open.append(image)
    bubble.append(open)
    return url
  }
  const link = /** @type {HTMLAnchorElement} */ (make('a', 'file'))
  link.href = url
  link.download = name
  const words = make('span', 'file-words')
  words.append(make('span', 'file-name', name), make('span', 'file-size', sizeText(bytes.length)))
  link.append(icon('file'), words)
  bubble.append(link)
  return url
}

/** With its size, so that nothing moves when it is there. */
function pictureOf(
  /** @type {string} */ url,
  /** @type {{ name: string, width: number, height: number }} */ { name, width, height },
) {
  const image = /** @type {HTMLImageElement} */ (make('img'))
  // Some bytes may be a picture of a gigabyte: one that is not shown is asked for its size.
  const probe = new Image()
  probe.addEventListener('load', () => {
    if (probe.naturalWidth * probe.naturalHeight <= PIXELS_MAX) image.src = url
  })
  probe.src = url
  image.alt = `Picture ${name}`
  const scale = Math.min(1, PICTURE_SIDE / Math.max(width, height, 1))
  if (width > 0 && height > 0) {
    image.width = Math.round(width * scale)
    image.height = Math.round(height * scale)
  }
  return image
}

function footOf(/** @type {Message} */ { time, isOwn, content, error }, /** @type {Mark} */ mark) {
  const foot = make('p', 'foot')
  const stamp = /** @type {HTMLTimeElement} */ (make('time', '', clockTime(time)))
  stamp.dateTime = new Date(time).toISOString()
  foot.append(stamp)
  if (!isOwn || content === null) return foot
  const { symbol, words } = MARKS[mark]
  const shown = make('span', 'mark')
  shown.dataset.mark = mark
  shown.title = error ?? words
  shown.append(icon(symbol), make('span', 'hidden-label', words))
  foot.append(shown)
  if (mark === 'failed') foot.prepend(make('span', 'failed', error ?? words))
  return foot
}
