// What a message of the chat is: JSON of this form, in rooms where others may send anything. What
// comes is looked into before it is shown.
import { fileTypeOf } from '../shared/file-type.js'

/**
 * `key` is the idempotency key, by which a sender knows its own message again. Files travel as
 * base64, a third longer than their bytes, so that one message has the words beside them.
 * @typedef {object} ChatData
 * @property {string} key
 * @property {string} [text]
 * @property {{ offset: number, name: string, text: string }} [reply] to an earlier message
 * @property {{ name: string, base64: string, width?: number, height?: number }} [file]
 *
 * @typedef {object} Content
 * @property {string} text
 * @property {ChatData['reply'] | null} reply
 * @property {{ name: string, type: string, bytes: Uint8Array, width: number, height: number }
 *   | null} file
 */

/** The server's default for one message. */
export const MESSAGE_BYTES_MAX = 65_536
/** Room for the rest of the message: key, reply, and some words. */
const REST_BYTES = 1_536
/** The most that a file may have, so that its message fits. */
export const FILE_BYTES_MAX = Math.floor(((MESSAGE_BYTES_MAX - REST_BYTES) * 3) / 4)
const QUOTE_LETTERS = 120
const NAME_LETTERS = 120

export function bytesOf(/** @type {ChatData} */ data) {
  return new TextEncoder().encode(JSON.stringify(data)).length
}

/** @returns {boolean} whether it tells that its sender is typing */
export function isTyping(/** @type {any} */ data) {
  return data?.typing === true
}

/**
 * The content of a message, whatever was sent; null for what the chat cannot show.
 * @param {any} data
 * @returns {Content}
 */
export function contentOf(data) {
  if (typeof data === 'string') return plain(data)
  if (typeof data?.b64 === 'string') return { ...plain(''), file: fileOf('file', data.b64) }
  const isOurs = typeof data === 'object' && data !== null && ('text' in data || 'file' in data)
  if (!isOurs) return plain(jsonOf(data))
  return {
    text: typeof data.text === 'string' ? data.text : '',
    reply: replyOf(data.reply),
    file: data.file ? fileOf(data.file.name, data.file.base64, data.file) : null,
  }
}

/** Values may be so deep that they can be read and not written. */
function jsonOf(/** @type {unknown} */ data) {
  try {
    return JSON.stringify(data)
  } catch {
    return 'This cannot be shown here.'
  }
}

function plain(/** @type {string} */ text) {
  return { text, reply: null, file: null }
}

function replyOf(/** @type {any} */ reply) {
  if (!Number.isSafeInteger(reply?.offset)) return null
  return { offset: reply.offset, name: short(reply.name), text: short(reply.text) }
}

/** A file that is no picture is a download of its bytes. */
function fileOf(
  /** @type {unknown} */ name,
  /** @type {unknown} */ base64,
  /** @type {any} */ { width, height } = {},
) {
  const bytes = bytesIn(base64)
  if (bytes === null) return null
  const { type, ending } = fileTypeOf(bytes)
  const side = (/** @type {unknown} */ value) =>
    Number.isSafeInteger(value) && Number(value) > 0 ? Math.min(Number(value), 4_096) : 0
  const called = short(name) || `file.${ending}`
  return { name: called, type, bytes, width: side(width), height: side(height) }
}

function bytesIn(/** @type {unknown} */ base64) {
  try {
    return Uint8Array.from(atob(String(base64)), (letter) => letter.charCodeAt(0))
  } catch {
    return null
  }
}

export function base64Of(/** @type {Uint8Array} */ bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8_192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  }
  return btoa(text)
}

/** What can hide in a name, or change how the text around it reads; a joiner is part of emoji. */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}]|(?!\u200d)\p{Cf}/gu

function short(/** @type {unknown} */ text) {
  return typeof text === 'string' ? text.slice(0, NAME_LETTERS).replace(HIDDEN, '') : ''
}

/** One line of a message, for lists, replies and notifications. */
export function summaryOf(/** @type {Content | null} */ content) {
  if (content === null) return 'This message was taken back'
  const line = content.text.replaceAll(/\s+/g, ' ').trim().slice(0, QUOTE_LETTERS)
  if (line !== '') return line
  if (content.file?.type.startsWith('image/')) return 'Picture'
  return content.file ? content.file.name : 'Message'
}
