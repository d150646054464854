// What this browser keeps for times without a network: rooms, their last messages, and what waits
// to be sent. In IndexedDB, of one user, and gone with their log-out; never a credential (S39).

const NAME = 'usher-chat'
const VERSION = 1
const MESSAGES_PER_ROOM = 60

/** @returns {Promise<any>} */
function settled(/** @type {IDBRequest} */ request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  const opening = indexedDB.open(NAME, VERSION)
  opening.onupgradeneeded = () => {
    const { result } = opening
    for (const store of ['person', 'rooms', 'messages', 'waiting']) result.createObjectStore(store)
  }
  return settled(opening)
}

export class Keep {
  /** Whose messages are kept now. */
  #user = ''
  /** Null where the browser keeps nothing, as in some private windows. */
  #database = open().catch(() => null)

  /** The user whose messages these are, or null. */
  async person() {
    return (await this.#get('person', 'me')) ?? null
  }

  /** Another person's messages are forgotten first. */
  async begin(/** @type {{ user: string, username: string }} */ person) {
    const before = await this.person()
    if (before !== null && before.user !== person.user) await this.forget()
    this.#user = person.user
    await this.#put('person', 'me', person)
  }

  rooms() {
    return this.#all('rooms')
  }

  putRoom(/** @type {import('./my-rooms.js').MyRoom} */ room) {
    return this.#put('rooms', room.room, room)
  }

  async dropRoom(/** @type {string} */ room) {
    await this.#do('rooms', (store) => store.delete(room))
    await this.#do('messages', (store) => store.delete(room))
  }

  async messages(/** @type {string} */ room) {
    return (await this.#get('messages', room)) ?? []
  }

  putMessages(/** @type {string} */ room, /** @type {object[]} */ messages) {
    return this.#put('messages', room, messages.slice(-MESSAGES_PER_ROOM))
  }

  /** As `fastify-usher/client` wants it: what another user left is never sent as this one's. */
  get waiting() {
    const by = this.#user
    return {
      all: async () => (await this.#all('waiting')).filter((/** @type {any} */ m) => m.by === by),
      put: (/** @type {{ key: string }} */ message) =>
        this.#put('waiting', message.key, { ...message, by }),
      delete: (/** @type {string} */ key) => this.#do('waiting', (store) => store.delete(key)),
    }
  }

  async forget() {
    for (const name of ['person', 'rooms', 'messages', 'waiting'])
      await this.#do(name, (store) => store.clear())
  }

  async #all(/** @type {string} */ name) {
    return (await this.#do(name, (store) => store.getAll(), 'readonly')) ?? []
  }

  #get(/** @type {string} */ name, /** @type {string} */ key) {
    return this.#do(name, (store) => store.get(key), 'readonly')
  }

  #put(/** @type {string} */ name, /** @type {string} */ key, /** @type {object} */ value) {
    return this.#do(name, (store) => store.put(value, key))
  }

  /** A full disk costs the messages offline, and nothing else. */
  async #do(
    /** @type {string} */ name,
    /** @type {(store: IDBObjectStore) => IDBRequest} */ run,
    /** @type {IDBTransactionMode} */ mode = 'readwrite',
  ) {
    const database = await this.#database
    if (database === null) return undefined
    try {
      return await settled(run(database.transaction(name, mode).objectStore(name)))
    } catch {
      return undefined
    }
  }
}
