// The wiring of the chat: which view is visible, which room is open, and what each view tells.
import { AccountView } from '../shared/account-view.js'
import { questionsSession } from '../shared/close-codes.js'
import { element } from '../shared/element.js'
import { isRoomName, roomOfHash } from '../shared/room-name.js'
import { whoAmI } from '../shared/session.js'
import { Chat } from './chat.js'
import { install } from './install.js'
import { Keep } from './keep.js'
import { summaryOf } from './message-data.js'
import { Notices } from './notices.js'
import { Composer } from './views/composer.js'
import { JoinDialog } from './views/join-dialog.js'
import { LinkLine } from './views/link-line.js'
import { MeDialog } from './views/me-dialog.js'
import { MessageMenu } from './views/message-menu.js'
import { MessagesView } from './views/messages-view.js'
import { showPicture } from './views/picture.js'
import { RoomHeader } from './views/room-header.js'
import { RoomList } from './views/room-list.js'
import { SearchView } from './views/search-view.js'

/** @typedef {import('./conversation.js').Conversation} Conversation */
/** @typedef {import('../shared/session.js').User} User */

const AGAIN_MS = 3_000
// So long an answer is waited for before what this browser kept is shown.
const PATIENCE_MS = 1_500

const view = element('chat', HTMLElement)
const keep = new Keep()
const notices = new Notices()
const account = new AccountView(showChat)
const me = new MeDialog(showAccount, notices)
const list = new RoomList()
const linkLine = new LinkLine()
const header = new RoomHeader(leaveRoom)
const composer = new Composer({
  sent: () => messages.showNewest(),
  up: () => messages.focusLast(),
})
const menu = new MessageMenu({
  reply: (message) => composer.reply(message),
  fail: (sentence) => linkLine.say(sentence),
})
const messages = new MessagesView({
  menu: (message) => opened && menu.open(opened, message),
  picture: showPicture,
})
const search = new SearchView((offset) => messages.show(offset))
new JoinDialog((room) => {
  location.hash = `room=${room}`
})

/** @type {Chat | null} */
let chat = null
/** @type {Conversation | null} */
let opened = null
let isShown = false

async function showChat(/** @type {User} */ person) {
  if (isShown) return
  isShown = true
  account.hide()
  me.show(person)
  view.hidden = false
  await keep.begin(person)
  chat = new Chat(person, {
    keep,
    onLink: linkChanged,
    onEnd: ended,
    onChange: roomChanged,
    onMessage: (conversation, { name, content }) => {
      const open = () => {
        location.hash = `room=${conversation.room}`
      }
      notices.tell({ room: conversation.room, name, text: summaryOf(content), open })
    },
  })
  linkChanged()
  await chat.begin()
  openRoomOfHash()
  await chat?.learnRooms()
  drawList()
}

/** The next person at this screen must find nothing of this one. */
async function showAccount(sentence = '') {
  const isHere = chat?.person.account !== false
  chat?.end()
  chat = null
  isShown = false
  openRoom(null)
  composer.end()
  list.clear()
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  for (const form of document.querySelectorAll('form')) form.reset()
  element('picture', HTMLImageElement).removeAttribute('src')
  view.hidden = true
  history.replaceState(null, '', location.pathname)
  if (isHere) account.show(sentence)
  await keep.forget()
  await notices.forget()
  // The application has the log-in, and shows it in answer to this page.
  if (!isHere) location.reload()
}

function openRoomOfHash() {
  const room = roomOfHash(location.hash)
  if (chat === null) return
  openRoom(isRoomName(room) ? chat.room(room) : null)
}

function openRoom(/** @type {Conversation | null} */ conversation) {
  opened = conversation
  view.dataset.pane = conversation ? 'room' : 'rooms'
  element('room', HTMLElement).hidden = conversation === null
  element('no-room', HTMLElement).hidden = conversation !== null
  messages.open(conversation)
  search.open(conversation)
  drawList()
  if (conversation === null) return
  header.open(conversation)
  composer.open(conversation)
}

async function leaveRoom(/** @type {Conversation} */ conversation) {
  history.replaceState(null, '', location.pathname)
  openRoom(null)
  await chat?.leave(conversation)
  drawList()
}

function roomChanged(/** @type {Conversation} */ conversation) {
  drawList()
  if (conversation !== opened) return
  header.render()
  messages.render()
}

function drawList() {
  list.render(() => ({ rooms: chat?.rooms ?? [], open: opened?.room ?? '' }))
}

function linkChanged() {
  linkLine.show(chat?.link ?? 'connecting')
}

/** The server, or another window, ended this for good. */
async function ended(/** @type {{ code: number, reason: string }} */ { code, reason }) {
  if (!questionsSession(code)) return linkLine.say(`The server ended the connection: ${reason}.`)
  await keep.forget()
  await confirmSession(true)
}

/** Another window may have logged out, or logged in as another user. */
async function confirmSession(isEnded = false) {
  const person = await whoAmI().catch(() => undefined)
  if (chat === null || person === undefined) return
  if (person === null) await showAccount('You were logged out. Log in again.')
  else if (person.user !== chat.person.user || isEnded) location.reload()
}

/** Without an answer the person may still be logged in: what was kept is shown meanwhile. */
async function findSession() {
  const timer = setTimeout(showKept, PATIENCE_MS)
  try {
    const person = await whoAmI()
    if (isShown) await confirmSession()
    else if (person) await showChat(person)
    else await showAccount()
  } catch (error) {
    await showKept()
    if (!isShown) account.show(error instanceof Error ? error.message : String(error))
    setTimeout(findSession, AGAIN_MS)
  } finally {
    clearTimeout(timer)
  }
}

async function showKept() {
  const person = isShown ? null : await keep.person()
  if (person) await showChat(person)
}

function listen() {
  window.addEventListener('hashchange', openRoomOfHash)
  window.addEventListener('online', () => chat?.check())
  element('back', HTMLElement).addEventListener('click', () => {
    location.hash = ''
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || chat === null) return
    chat.check()
    confirmSession()
  })
}

listen()
findSession()
install((room) => {
  location.hash = `room=${room}`
})
