// Makes the page one that can be installed, and that opens without a network.

/** Trusted Types want the one script that a worker may be to be named. */
function workerUrl() {
  const name = new URL('../service-worker.js', import.meta.url).href
  const { trustedTypes } = window
  if (!trustedTypes) return name
  return trustedTypes
    .createPolicy('usher-worker', { createScriptURL: () => name })
    .createScriptURL('')
}

export async function install(/** @type {(room: string) => void} */ onOpen) {
  const { serviceWorker } = navigator
  if (!serviceWorker) return
  serviceWorker.addEventListener('message', ({ data }) => {
    if (typeof data?.room === 'string') onOpen(data.room)
  })
  await serviceWorker.register(workerUrl()).catch(() => {})
}
