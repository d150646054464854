// Opens the chat without a network: keeps its files, and nothing else. With a network the files are
// the server's, so that a deploy never leaves half of the old page.

const CACHE = 'usher-files-1'
const FILES = [
  ...['./', 'favicon.svg', 'icon-192.png', 'manifest.webmanifest', 'usher-client.js'],
  'sdk/centrifuge.js',
  ...each('shared', 'account.css style.css'),
  ...each('shared', 'account-view.js close-codes.js element.js file-type.js http.js'),
  ...each('shared', 'room-name.js session.js'),
  ...each('chat', 'app.js chat.js connection.js conversation.js history.js install.js keep.js'),
  ...each('chat', 'message-data.js message-store.js my-rooms.js notices.js presence.js'),
  ...each('chat', 'shrink-picture.js typing.js'),
  ...each('chat/views', 'composer.js join-dialog.js link-line.js make.js me-dialog.js'),
  ...each('chat/views', 'message-element.js message-menu.js messages-view.js picture.js'),
  ...each('chat/views', 'room-header.js room-list.js rows.js search-view.js words.js'),
  ...each('chat/styles', 'bubbles.css composer.css dialogs.css layout.css messages.css rooms.css'),
]
const URLS = new Set(FILES.map((name) => new URL(name, self.registration.scope).href))

self.addEventListener('install', (event) => {
  event.waitUntil(keepFiles())
})

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request
  const [address] = url.split(/[?#]/)
  if (method === 'GET' && URLS.has(address)) event.respondWith(answer(event.request, address))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(openRoom(event.notification.data.room))
})

async function keepFiles() {
  const cache = await caches.open(CACHE)
  await cache.addAll([...URLS])
  await self.skipWaiting()
}

async function answer(request, address) {
  const cache = await caches.open(CACHE)
  try {
    const fresh = await fetch(request)
    if (fresh.ok) await cache.put(address, fresh.clone())
    return fresh
  } catch (error) {
    const kept = await cache.match(address)
    if (kept) return kept
    throw error
  }
}

async function openRoom(room) {
  const [window] = await self.clients.matchAll({ type: 'window' })
  if (!window) return self.clients.openWindow(`./#room=${room}`)
  await window.focus()
  window.postMessage({ room })
}

function each(folder, names) {
  return names.split(' ').map((name) => `${folder}/${name}`)
}
