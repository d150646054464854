// Timers of the system clock keep no process alive. A boot or a command that waits for one, such as
// for a server that is away, would end without a word.

/** Keeps this process alive until the returned function is called. */
export function stayAwake(): () => void {
  const handle = setInterval(() => {}, 2 ** 30)
  return () => clearInterval(handle)
}
