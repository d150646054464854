// The programs that tests run beside Node, and their paths on this machine.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

export interface Program {
  title: string
  /** One of these is enough. */
  commands: readonly string[]
  /** The name of its package for apt-get. */
  debianPackage: string
  /** A Python module that the command must be able to import. */
  module?: string
  /** What a library has installed for it. */
  folder?: string
}

/** Debian's own Python: no other one has Debian's packages, and another may be first in PATH. */
const PYTHON = '/usr/bin/python3'

/** What `npm test` needs. */
export const PROGRAMS = {
  redis: { title: 'Redis', commands: ['redis-server'], debianPackage: 'redis-server' },
  chromium: {
    title: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    debianPackage: 'chromium',
  },
  curl: { title: 'curl', commands: ['curl'], debianPackage: 'curl' },
  sqlite3: { title: 'SQLite', commands: ['sqlite3'], debianPackage: 'sqlite3' },
  gcc: { title: 'gcc', commands: ['gcc'], debianPackage: 'build-essential' },
  openssl: { title: 'OpenSSL', commands: ['openssl'], debianPackage: 'openssl' },
  websockets: {
    title: 'websockets for Python',
    commands: [PYTHON],
    debianPackage: 'python3-websockets',
    module: 'websockets',
  },
  aiohttp: {
    title: 'aiohttp for Python',
    commands: [PYTHON],
    debianPackage: 'python3-aiohttp',
    module: 'aiohttp',
  },
} as const satisfies Record<string, Program>

/** What `npm run test:programs` needs beside those. */
export const FURTHER_PROGRAMS = {
  nginx: { title: 'nginx', commands: ['nginx'], debianPackage: 'nginx' },
  haproxy: { title: 'HAProxy', commands: ['haproxy'], debianPackage: 'haproxy' },
  caddy: { title: 'Caddy', commands: ['caddy'], debianPackage: 'caddy' },
  firefox: {
    title: 'Firefox',
    commands: ['firefox-esr', 'firefox'],
    debianPackage: 'firefox-esr',
  },
  systemdAnalyze: { title: 'systemd', commands: ['systemd-analyze'], debianPackage: 'systemd' },
  dockerCompose: {
    title: 'docker-compose',
    commands: ['docker-compose'],
    debianPackage: 'docker-compose',
  },
  urllib3: {
    title: 'urllib3 for Python',
    commands: [PYTHON],
    debianPackage: 'python3-urllib3',
    module: 'urllib3',
  },
  go: { title: 'Go', commands: ['go'], debianPackage: 'golang-go' },
  gorilla: {
    title: 'gorilla/websocket for Go',
    commands: ['go'],
    debianPackage: 'golang-github-gorilla-websocket-dev',
    folder: '/usr/share/gocode/src/github.com/gorilla/websocket',
  },
  requests: {
    title: 'requests for Python',
    commands: [PYTHON],
    debianPackage: 'python3-requests',
    module: 'requests',
  },
} as const satisfies Record<string, Program>

/** What `npm run test:sdks` needs beside those. */
export const SDK_PROGRAMS = {
  javac: {
    title: 'the compiler of Java',
    commands: ['javac'],
    debianPackage: 'default-jdk-headless',
  },
  java: { title: 'Java', commands: ['java'], debianPackage: 'default-jdk-headless' },
  maven: { title: 'Maven', commands: ['mvn'], debianPackage: 'maven' },
  venv: {
    title: 'venv for Python',
    commands: [PYTHON],
    debianPackage: 'python3-venv',
    module: 'ensurepip',
  },
} as const satisfies Record<string, Program>

// Debian leaves the sbin folders out of the PATH of plain users.
const FURTHER_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin']

/** The path of a program, or null where it is not installed. */
export function findProgram({ commands, module, folder }: Program): string | null {
  if (folder !== undefined && !existsSync(folder)) return null
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...FURTHER_FOLDERS]
  const paths = commands.flatMap((command) =>
    isAbsolute(command) ? [command] : folders.map((folder) => join(folder, command)),
  )
  return paths.find((path) => isExecutable(path) && canImport(path, module)) ?? null
}

/** The path of a program that was installed before the tests: a test is never skipped. */
export function requireProgram(program: Program): string {
  const path = findProgram(program)
  if (path !== null) return path
  throw new Error(`${program.title} is missing: apt-get install ${program.debianPackage}`)
}

function canImport(python: string, module: string | undefined): boolean {
  return module === undefined || spawnSync(python, ['-c', `import ${module}`]).status === 0
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
