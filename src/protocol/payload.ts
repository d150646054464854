// Checks that a payload is what its kind says.
import { isUtf8 } from 'node:buffer'

/** Whether these bytes are one JSON value in UTF-8. */
export function isJson(payload: Buffer): boolean {
  if (!isUtf8(payload)) return false
  try {
    JSON.parse(payload.toString('utf8'))
    return true
  } catch {
    return false
  }
}

/** Whether these bytes are UTF-8 text. */
export function isText(payload: Buffer): boolean {
  return isUtf8(payload)
}
