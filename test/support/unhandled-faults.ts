// Loaded into the process of a server before the server: each signal makes one fault happen that no
// handler catches.

/** A promise is rejected, and no code awaits it. */
process.on('SIGWINCH', () => {
  Promise.reject(new Error('a rejection without a handler'))
})

/** An exception is thrown, and no code catches it. */
process.on('SIGURG', () => {
  throw new Error('an exception without a handler')
})
