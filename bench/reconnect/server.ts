// The real server with a database on disk and an outside issuer, on a fixed port, so that it can be
// started again where it was.
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { fileIn, nodeCommand } from '../servers/contender.ts'
import { ServerProcess } from '../servers/process.ts'

const API_KEY = 'bench-key-of-twenty-four-characters-and-more'
const JWT_KEY = 'bench-secret-of-the-issuer-0123456789'
const ISSUER = 'https://issuer.example'
const TOKEN_SECONDS = 3_600

/**
 * `raised` lifts every bound on connecting; `default` keeps the limits that hold without a rules
 * file.
 */
export type Admission = 'raised' | 'default'

const RAISED = {
  ...{ connectionsPerUser: null, connectionsPerAddress: null, handshakesPerSecond: null },
  ...{ requestsPerSecondPerAddress: null, socketsPerAddress: null },
}

/** The clients of a real service come from many addresses. */
const FROM_EVERYWHERE = { exemptAddresses: ['loopback'] }

interface RulesFile {
  rooms?: readonly object[]
  limits?: object
}

export class Server {
  readonly authorization = `Bearer ${API_KEY}`
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'usher-reconnect-'))
  readonly #pin: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  #process: ServerProcess | null = null

  private constructor(port: number, pin: readonly string[], env: Record<string, string>) {
    this.port = port
    this.#pin = pin
    this.#env = env
  }

  /** Resolves when it listens; `env` has further settings, `more` stands in its rules file. */
  static async start(
    admission: Admission,
    pin: readonly string[],
    { env = {}, more = {} }: { env?: Record<string, string>; more?: RulesFile } = {},
  ): Promise<Server> {
    const server = new Server(await freePort(), pin, env)
    const limits = { ...(admission === 'raised' ? RAISED : FROM_EVERYWHERE), ...more.limits }
    writeFileSync(join(server.#folder, 'rules.json'), JSON.stringify({ ...more, limits }))
    await server.again()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Starts the server again after it ended. */
  async again(): Promise<void> {
    const env = {
      PORT: String(this.port),
      USHER_DATA: join(this.#folder, 'data'),
      USHER_CONFIG: join(this.#folder, 'rules.json'),
      USHER_API_KEYS: `bench:${API_KEY}`,
      USHER_DRAIN_SECONDS: '1',
      ...{ USHER_JWT_KEY: JWT_KEY, USHER_JWT_ALGORITHM: 'HS256', USHER_JWT_ISSUER: ISSUER },
      ...{ USHER_JWT_AUDIENCE: 'usher', USHER_JWT_PREFIX: 'app.' },
      ...this.#env,
    }
    const command = nodeCommand(fileIn('../../src/server.ts'))
    this.#process = await ServerProcess.start(this.#pin, { command, env, hasProbe: true })
  }

  /** With SIGKILL the server sends its clients no close. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.end(signal)
  }

  cpuSeconds(): number {
    return this.#process?.usage().cpuSeconds ?? 0
  }

  async remove(): Promise<void> {
    await this.end()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A token as the issuer would write it (RFC 7519). */
export function tokenOf(user: string): string {
  const now = Math.floor(Date.now() / 1_000)
  const claims = { sub: user, iss: ISSUER, aud: 'usher', iat: now, exp: now + TOKEN_SECONDS }
  const body = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = createHmac('sha256', JWT_KEY).update(body).digest('base64url')
  return `${body}.${signature}`
}
