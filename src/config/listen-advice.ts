// What to do where the server cannot listen: a sentence for the operator.

/** How the operator knows the two settings. */
export interface ListenSettings {
  host: string
  port: string
}

type Advice = (names: ListenSettings) => string

const noName: Advice = ({ host }) =>
  `${host} is no name that this machine knows: write an address, or 0.0.0.0 for all.`

const ADVICE: Readonly<Record<string, Advice>> = {
  EADDRINUSE: ({ host, port }) => `name another ${host} or ${port}, or end what listens there.`,
  EADDRNOTAVAIL: ({ host }) =>
    `this machine has no such address: name one of its own in ${host}, or 0.0.0.0 for all.`,
  EACCES: ({ port }) => `this user may not listen there: name a ${port} of 1024 or more.`,
  ENOTFOUND: noName,
  EAI_AGAIN: noName,
  ENOENT: noName,
}

/** Null for an error that says nothing about listening. */
export function listenAdvice(error: unknown, names: ListenSettings): string | null {
  if (!(error instanceof Error) || !('syscall' in error)) return null
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return null
  const { code = '', message } = error as NodeJS.ErrnoException
  const advice = ADVICE[code] ?? (({ host, port }) => `name another ${host} or ${port}.`)
  return `${message}: ${advice(names)}`
}
