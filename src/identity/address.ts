// Network addresses as sockets and proxies write them: the key that limits count by, and lists of
// trusted proxies.
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net'

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const WORDS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** The longest address with brackets, zone, port and quotes has fewer characters. */
const WRITTEN_MAX = 96
const QUOTED = /^"(.*)"$/
/** `[2001:db8::1]`, `[2001:db8::1%eth0]:443` */
const IN_BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/
/** `192.0.2.7:5678`, `::ffff:192.0.2.7:5678` */
const WITH_PORT = /^(.*\.\d{1,3}):\d{1,5}$/
/** Where there is no address that is understood: all of those are counted together (S50). */
export const UNKNOWN_ADDRESS = 'unknown'

/**
 * The plain address in what a socket or a proxy has written: with a port, in brackets, quoted, with
 * a zone, IPv4 in IPv6. An IPv6 address is returned as RFC 5952 writes it. Null for everything
 * else, such as `unknown`, `_hidden`, and the undefined address of a Unix socket.
 */
export function addressOf(written: string | undefined): string | null {
  if (written === undefined || written.length > WRITTEN_MAX) return null
  if (isIPv4(written)) return written
  const text = written.trim().replace(QUOTED, '$1').trim()
  const [, inside = text] = IN_BRACKETS.exec(text) ?? WITH_PORT.exec(text) ?? []
  const [address = ''] = inside.split('%')
  if (isIPv4(address)) return address
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined) return isIPv4(mapped) ? mapped : null
  if (!isIPv6(address)) return null
  const plain = plainIPv6(address)
  return MAPPED.exec(plain)?.[1] ?? plain
}

/** Finding one costs some microseconds, and every request asks for that of its client. */
const PLAIN_MAX = 1_000
const plainByWritten = new Map<string, string>()

function plainIPv6(written: string): string {
  const known = plainByWritten.get(written)
  if (known !== undefined) return known
  if (plainByWritten.size === PLAIN_MAX) plainByWritten.clear()
  const plain = new SocketAddress({ address: written, family: 'ipv6' }).address
  plainByWritten.set(written, plain)
  return plain
}

/**
 * What limits count by: an IPv4 address, or the /64 that one IPv6 customer has, written
 * `2001:db8:1:2::/64`. The shares count its /48 beside it (`siteOf`). One key for all that is no
 * address.
 */
export function addressKey(written: string | undefined): string {
  const address = addressOf(written)
  if (address === null) return UNKNOWN_ADDRESS
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const missing = tail === undefined ? 0 : 8 - groups.length - after.length
  const all = [...groups, ...Array<string>(missing).fill('0'), ...after]
  return `${all.slice(0, 4).join(':')}::/64`
}

/**
 * Whether an address, as it is written, is among these addresses, ranges (`10.0.0.0/8`) and words
 * (`loopback`).
 */
export function addressList(entries: readonly string[]): (written: string | undefined) => boolean {
  // Asked with every request.
  if (entries.length === 0) return () => false
  const list = new BlockList()
  for (const entry of entries.flatMap((word) => WORDS[word] ?? [word])) {
    const [address = '', bits] = entry.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    const all = family === 'ipv4' ? 32 : 128
    list.addSubnet(address, bits === undefined ? all : Number(bits), family)
  }
  // Behind a proxy a client may claim any text: text that is no address is in no list.
  return (written) => {
    const address = addressOf(written)
    return address !== null && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  }
}
