// What `usher --help` and `usher --version` print.
import { readFileSync } from 'node:fs'

export const HELP = `Usher: realtime rooms, with log-in at the door and history.

  usher [start]              start the service
  usher check                show the settings that hold, the rules and the store; changes nothing
  usher backup FILE          copy the store to FILE; the service may run meanwhile
  usher export FILE          write accounts, sessions and messages to FILE, for another store
  usher import FILE          read such a FILE into an empty folder, or an empty Redis
  usher user add NAME        make an account
  usher user password NAME   set a new password: sessions and connections end
  usher user ban NAME        ban a user: sessions and connections end
  usher user unban NAME      lift the ban
  usher --help, --version    this text, the version

A password is read from the terminal without echo, or from the first line of standard input. NAME
is a username or the id of a user (u_..., jwt:...). The service may run or not.

Settings are environment variables (HOST, PORT, USHER_DATA and more) and the rules file that
USHER_CONFIG names; README.md has the list. The exit code is 0, or 1 where a sentence on standard
error says what to do, or 2 for arguments that usher does not know.
`

/** The version in the package's package.json, from the sources and from dist/. */
export function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    const manifest = manifestAt(new URL(path, import.meta.url))
    if (manifest !== null) return manifest.version
  }
  throw new Error('the package.json of this package is missing')
}

function manifestAt(url: URL): { version: string } | null {
  try {
    return JSON.parse(readFileSync(url, 'utf8'))
  } catch {
    return null
  }
}
