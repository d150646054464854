// The user of this page. The session is in an HttpOnly cookie; the page keeps nothing of it.
import { ask, Refused } from './http.js'

/**
 * `account` is false where the application that Usher is in knows its users itself: what is about
 * accounts is not on this page then.
 * @typedef {{ user: string, username: string, account?: boolean }} User
 */

/** @returns {Promise<User | null>} null when no user is logged in */
export async function whoAmI() {
  try {
    return await ask('GET', 'session')
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return null
    throw error
  }
}

/** @returns {Promise<User>} */
export function logIn(/** @type {string} */ username, /** @type {string} */ password) {
  return ask('POST', 'session', { username, password })
}

/** Makes the account and logs in to it. */
export async function signUp(/** @type {string} */ username, /** @type {string} */ password) {
  await ask('POST', 'accounts', { username, password })
  return logIn(username, password)
}

/** A session that is already over counts as logged out. */
export async function logOut() {
  try {
    await ask('DELETE', 'session')
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error
  }
}

/** On every device; this one too. */
export function logOutEverywhere() {
  return ask('DELETE', 'sessions')
}

export function changePassword(/** @type {string} */ password, /** @type {string} */ newPassword) {
  return ask('PUT', 'account/password', { password, newPassword })
}

export function deleteAccount() {
  return ask('DELETE', 'account')
}
