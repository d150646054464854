// nginx, HAProxy and Caddy with the configurations of deploy/, as they stand there but for ports,
// certificates, and times that a test can wait for.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Certificate } from '../support/certificate.ts'
import type { Teardown } from '../support/program.ts'
import { startOnPort } from './start-program.ts'

const DEPLOY = resolve(import.meta.dirname, '../../deploy')

/** What a configuration has, and what stands there in a test. */
export type Changes = Readonly<Record<string, string>>

interface Setting {
  folder: string
  /** Where the proxy listens. */
  port: number
  /** Of Usher; of the first node, where there are several. */
  upstream: string
  upstreams: readonly string[]
}

export interface ProxyKind {
  name: 'nginx' | 'haproxy' | 'caddy'
  file: string
  changes(setting: Setting): Changes
  /** The whole configuration, where that of deploy/ is a part of it. */
  around?(setting: Setting): { before: string; after: string }
  /** What operators add to have answers compressed, streams too where the proxy allows that. */
  compressing: Changes
  args(config: string, folder: string): string[]
}

/** Its workers write the bodies of requests into the folder of the test. */
const AS_ROOT = process.getuid?.() === 0 ? 'user root;' : ''
/** nginx cannot open a pipe by its name. */
const ACCESS_LOG = 'access.log'
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export const nginx: ProxyKind = {
  name: 'nginx',
  file: 'nginx.conf',
  changes: ({ folder, port, upstream }) => ({
    '127.0.0.1:3000': upstream,
    'listen 443': `listen 127.0.0.1:${port}`,
    'chat.example.com;': 'localhost;',
    '/etc/ssl/chat.example.com.pem': `${folder}/cert.pem`,
    '/etc/ssl/chat.example.com.key': `${folder}/key.pem`,
    '/var/log/nginx/usher.log': join(folder, ACCESS_LOG),
    ' 90s;': ' 3s;',
  }),
  around: ({ folder }) => ({
    before:
      `daemon off; ${AS_ROOT} pid ${folder}/pid; error_log stderr; events {}\nhttp {\n` +
      TEMPORARY.map((kind) => `${kind}_temp_path ${folder}/${kind};\n`).join(''),
    after: '}\n',
  }),
  compressing: {
    'client_max_body_size 4m;':
      'client_max_body_size 4m; gzip on; gzip_proxied any; gzip_min_length 1; gzip_types *;',
  },
  args: (config, folder) => ['-p', folder, '-c', config],
}

export const haproxy: ProxyKind = {
  name: 'haproxy',
  file: 'haproxy.cfg',
  changes: ({ folder, port, upstream }) => ({
    '127.0.0.1:3000': upstream,
    'bind :443': `bind 127.0.0.1:${port}`,
    '/etc/haproxy/chat.example.com.pem': `${folder}/both.pem`,
    ' 90s': ' 3s',
    'maxconn 50000': 'maxconn 200',
  }),
  compressing: {
    '  default_backend usher':
      '  compression algo gzip\n  compression type text/event-stream application/json\n' +
      '  default_backend usher',
  },
  args: (config) => ['-db', '-f', config],
}

export const caddy: ProxyKind = {
  name: 'caddy',
  file: 'Caddyfile',
  changes: ({ folder, port, upstream }) => ({
    '127.0.0.1:3000': upstream,
    'chat.example.com {':
      `https://localhost:${port} {\n` +
      `  bind 127.0.0.1\n  tls ${folder}/cert.pem ${folder}/key.pem`,
  }),
  around: () => ({ before: '{\n  admin off\n  auto_https disable_redirects\n}\n', after: '' }),
  // Of Debian's version, 2.6.2, all that `encode` takes is held back, whatever `no-transform` says.
  compressing: {
    '  log {':
      '  encode {\n    gzip\n    minimum_length 1\n' +
      '    match {\n      header Content-Type application/json*\n    }\n  }\n  log {',
  },
  args: (config) => ['run', '--config', config, '--adapter', 'caddyfile'],
}

export const PROXIES: readonly ProxyKind[] = [nginx, haproxy, caddy]

export interface RunningProxy {
  readonly url: string
  /** All that it has printed and logged. */
  log(): string
}

export interface ProxyOptions {
  folder: string
  certificate: Certificate
  /** Where Usher listens, or each of its nodes. */
  usher: string | readonly [string, ...string[]]
  /** The port that it was given before Usher started. */
  port: number
  /** Changes beside those that every test needs. */
  further?: Changes
}

/** Starts it in this folder, and ends it with the test. */
export async function startProxy(
  t: Teardown,
  kind: ProxyKind,
  { folder, certificate, usher, port, further = {} }: ProxyOptions,
): Promise<RunningProxy> {
  const [upstream, ...others] = [usher].flat().map((url) => new URL(url).host) as [string]
  const setting: Setting = { folder, port, upstream, upstreams: [upstream, ...others] }
  writeFileSync(join(folder, 'cert.pem'), certificate.cert)
  writeFileSync(join(folder, 'key.pem'), certificate.key)
  writeFileSync(join(folder, 'both.pem'), certificate.cert + certificate.key)
  const shipped = readFileSync(join(DEPLOY, kind.file), 'utf8')
  const text = changed(shipped, { ...kind.changes(setting), ...further })
  const { before, after } = kind.around?.(setting) ?? { before: '', after: '' }
  const config = join(folder, basename(kind.file))
  writeFileSync(config, before + text + after)
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const args = kind.args(config, folder)
  const program = await startOnPort(t, { name: kind.name, args, port, cwd: folder, env })
  const file = join(folder, ACCESS_LOG)
  const log = () => program.output + (existsSync(file) ? readFileSync(file, 'utf8') : '')
  return { url: `https://localhost:${port}`, log }
}

/** Throws where the configuration of deploy/ has no such text any more. */
function changed(text: string, changes: Changes): string {
  return Object.entries(changes).reduce((former, [found, wanted]) => {
    if (!former.includes(found)) throw new Error(`the configuration has no "${found}"`)
    return former.replaceAll(found, wanted)
  }, text)
}
