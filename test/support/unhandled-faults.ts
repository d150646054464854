// Loaded into a server's process before it: a signal makes happen in it what must never happen.

/** A promise is rejected that no code holds. */
process.on('SIGWINCH', () => {
  Promise.reject(new Error('a rejection that nobody handles'))
})

/** Something is thrown that no code catches. */
process.on('SIGURG', () => {
  throw new Error('an exception that nobody catches')
})
