// The wiring of the page: which view is visible, and what each button does.
import { AccountView } from '../shared/account-view.js'
import { browserClock } from '../shared/clock.js'
import { element } from '../shared/element.js'
import { isRoomName, roomOfHash } from '../shared/room-name.js'
import { logOut, whoAmI } from '../shared/session.js'
import { backoffMs } from './backoff.js'
import { Conversation } from './conversation.js'
import { MessageList } from './message-list.js'
import { roomApi } from './room-api.js'
import { StatePill } from './state-pill.js'
import { WhoIsHere } from './who-is-here.js'

/** @import { State } from './room-connection.js' */
/** @import { User } from '../shared/session.js' */

const talk = element('talk', HTMLElement)
const room = element('room', HTMLInputElement)
const roomSentence = element('room-sentence', HTMLElement)
const message = element('message', HTMLTextAreaElement)
const composer = element('composer', HTMLFormElement)
const file = element('file', HTMLInputElement)

const account = new AccountView(showTalk)
const whoIsHere = new WhoIsHere(element('people', HTMLElement), browserClock)
const pill = new StatePill(
  {
    pill: element('state', HTMLElement),
    text: element('state-text', HTMLElement),
    wait: element('state-wait', HTMLElement),
  },
  browserClock,
)
const conversation = new Conversation({
  list: new MessageList({
    scroller: element('log', HTMLElement),
    list: element('lines', HTMLElement),
    newest: element('newest', HTMLButtonElement),
  }),
  api: roomApi,
  clock: browserClock,
  onState: stateChanged,
  onReceived: countUnread,
})

let unread = 0

function showTalk(/** @type {User} */ user) {
  account.hide()
  element('who', HTMLElement).textContent = user.username
  talk.hidden = false
  const linked = roomOfHash(location.hash)
  if (linked) openRoom(linked)
  else focusIfKeyboard(room)
}

function showAccount(sentence = '') {
  conversation.end()
  talk.hidden = true
  account.show(sentence)
}

function openRoom(/** @type {string} */ name) {
  const isGood = isRoomName(name)
  room.value = name
  room.setAttribute('aria-invalid', String(!isGood))
  roomSentence.textContent = isGood
    ? ''
    : 'A room name has 1 to 128 letters, digits or : . _ ~ @ - (and is more than dots).'
  if (!isGood) return
  history.replaceState(null, '', `#${name}`)
  conversation.open(name)
}

function closeRoom() {
  history.replaceState(null, '', location.pathname)
  conversation.close()
}

async function stateChanged(/** @type {State} */ state) {
  pill.show(state)
  talk.dataset.state = state.name
  if (state.name !== 'open') whoIsHere.stop()
  if (state.name === 'open') {
    focusIfKeyboard(message)
    const rule = await whoIsHere.follow(state.room)
    if (rule.echo === false && conversation.state === state) conversation.expectNoEchoes()
  }
  if (state.name !== 'closed') return
  if (state.loggedOut) showAccount(state.reason)
  else if (state.questionsSession) await confirmSession()
}

/** Another window may have logged out, or logged in as another user. */
async function confirmSession() {
  const user = await whoAmI().catch(() => undefined)
  if (talk.hidden || user === undefined) return
  if (user === null) showAccount('You were logged out. Log in again.')
  else element('who', HTMLElement).textContent = user.username
}

function sendMessage() {
  if (message.value.trim() === '') return
  if (conversation.sendText(message.value)) message.value = ''
}

async function leave() {
  conversation.close()
  try {
    await logOut()
    history.replaceState(null, '', location.pathname)
    showAccount()
  } catch (error) {
    roomSentence.textContent = error instanceof Error ? error.message : String(error)
  }
}

function countUnread() {
  if (document.visibilityState === 'hidden') unread += 1
  document.title = unread > 0 ? `(${unread}) Usher` : 'Usher'
}

/** On a phone the focus would open the on-screen keyboard. */
function focusIfKeyboard(/** @type {HTMLElement} */ place) {
  if (matchMedia('(pointer: fine)').matches) place.focus()
}

function listen() {
  element('room-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    openRoom(room.value.trim())
  })
  element('close', HTMLButtonElement).addEventListener('click', closeRoom)
  element('log-out', HTMLButtonElement).addEventListener('click', leave)
  composer.addEventListener('submit', (event) => {
    event.preventDefault()
    sendMessage()
  })
  message.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    sendMessage()
  })
  element('attach', HTMLButtonElement).addEventListener('click', () => file.click())
  file.addEventListener('change', () => {
    const chosen = file.files?.[0]
    if (chosen) conversation.sendFile(chosen).then(() => focusIfKeyboard(message))
    file.value = ''
  })
  window.addEventListener('hashchange', () => {
    const linked = roomOfHash(location.hash)
    if (linked && !talk.hidden) openRoom(linked)
  })
  for (const name of ['online', 'offline'])
    window.addEventListener(name, () => conversation.check())
  document.addEventListener('visibilitychange', cameBackOrLeft)
}

function cameBackOrLeft() {
  if (document.visibilityState === 'hidden') return
  unread = 0
  document.title = 'Usher'
  if (talk.hidden) return
  conversation.check()
  confirmSession()
}

/** Without an answer the user may still be logged in, so the server is asked until it answers. */
async function findSession(failures = 0) {
  try {
    const user = await whoAmI()
    if (!talk.hidden) return
    if (user) showTalk(user)
    else if (failures === 0) showAccount()
    else account.say('')
  } catch (error) {
    if (failures === 0) showAccount(error instanceof Error ? error.message : String(error))
    browserClock.after(backoffMs(failures), () => talk.hidden && findSession(failures + 1))
  }
}

listen()
findSession()
