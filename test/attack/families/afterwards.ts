// The look afterwards: the server is well, each attacker's place was given back, and the log keeps
// secrets.

import { OPCODE } from '../../support/frames.ts'
import { call } from '../../support/people.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { FAILURE } from '../host-users.ts'
import { bearerHeaders, HOMES, type Target } from '../target.ts'
import { firstAnswer, openSocket, pause, upgrade, upgradeBytes, within } from '../wire.ts'

/** The heap is bounded by an option of Node; this is for what lies outside it. */
const GROWTH_MIB_MAX = 200
const FILES_MAX = 80
const ROOMS = ['attack:frames', 'attack:first', 'attack:tickets', 'attack:origins', 'open:deaf']

export const afterwards: Family = {
  title: 'afterwards',
  homes: HOMES,
  shortHomes: HOMES,
  parts: [looking],
}

function looking(target: Target): Attack[] {
  return [
    attack('the process lives', 'nothing', 'alive', async () =>
      target.server.program.isRunning ? 'alive' : 'dead',
    ),
    attack('it is ready', 'GET /health/ready', '200', () =>
      target.words({ path: `${target.prefix}/health/ready` }),
    ),
    attack('two users talk', 'one text each', 'one hears "two", two hears "one"', () =>
      talk(target),
    ),
    ...ROOMS.map((room) => emptied(target, room)),
    placesBack(target),
    ...givenBack(target),
    ...logged(target),
  ]
}

function givenBack(target: Target): Attack[] {
  return [
    attack(
      'memory is within bounds',
      `at most ${GROWTH_MIB_MAX} MiB more than before`,
      /^within bounds: /,
      async () => {
        const mib = target.server.program.rssMiB()
        const words = `${target.restingMiB} MiB before, ${mib} MiB now`
        return mib - target.restingMiB <= GROWTH_MIB_MAX ? `within bounds: ${words}` : words
      },
    ),
    attack(
      'sockets were given back',
      `at most ${FILES_MAX} open files`,
      /^within bounds: \d+$/,
      () => filesWords(target),
    ),
  ]
}

function logged(target: Target): Attack[] {
  return [
    attack(
      'nothing unforeseen was logged',
      'lines at level error',
      'none',
      async () => target.server.errorLines().find((line) => !line.includes(FAILURE)) ?? 'none',
    ),
    attack(
      'no secret was logged',
      `${target.secrets.size} passwords, keys, cookies, tokens and tickets`,
      '0 logged',
      async () => {
        const log = target.server.program.output
        const leaked = [...target.secrets].filter((secret) => secret !== '' && log.includes(secret))
        return `${leaked.length} logged`
      },
    ),
  ]
}

async function talk(target: Target): Promise<string> {
  const path = async (who: Target['victim']) =>
    `${target.prefix}/rooms/attack:talk?ticket=${await target.ticket(who)}`
  const one = await upgrade(target.url, await path(target.victim))
  const two = await upgrade(target.url, await path(target.stranger))
  const heardBy = (client: typeof one) => client.frames.map(({ payload }) => payload.toString())
  one.send({ opcode: OPCODE.text, payload: 'one' })
  two.send({ opcode: OPCODE.text, payload: 'two' })
  const both = async () => {
    while (heardBy(one).length < 2 || heardBy(two).length < 2) await pause(5)
  }
  await within(3_000, both(), undefined)
  const words = `one hears "${heardBy(one).find((said) => said !== 'one')}"`
  const others = `two hears "${heardBy(two).find((said) => said !== 'two')}"`
  for (const { socket } of [one, two]) socket.destroy()
  return `${words}, ${others}`
}

/** Asked a few times: a connection that was cut is only found at the next ping. */
function emptied(target: Target, room: string): Attack {
  return attack(
    `no member is left in ${room}`,
    `GET /rooms/${room}`,
    '0 members, 0 users',
    async () => {
      let words = ''
      for (let turn = 0; turn < 24 && words !== '0 members, 0 users'; turn += 1) {
        if (turn > 0) await pause(500)
        const headers = target.victim.bearer
        const { body } = await call(`${target.url}/rooms/${room}`, 'GET', { headers })
        words = `${body.members} members, ${body.users} users`
      }
      return words
    },
  )
}

/** Fifty connections per user are allowed: all fifty places of a user must be free. */
function placesBack(target: Target): Attack {
  return attack(
    'the stranger has every place again',
    '51 connections of one user',
    '50 in, 1 refused',
    async () => {
      const sockets = Array.from({ length: 51 }, () => openSocket(target.port))
      const bytes = upgradeBytes(
        `${target.prefix}/rooms/attack:places`,
        bearerHeaders(target.stranger),
      )
      const answers = await Promise.all(sockets.map((socket) => firstAnswer(socket, bytes)))
      for (const socket of sockets) socket.destroy()
      const inside = answers.filter((answer) => answer?.status === 101).length
      return `${inside} in, ${answers.length - inside} refused`
    },
  )
}

async function filesWords({ server }: Target): Promise<string> {
  let files = server.program.openFiles()
  for (let turn = 0; turn < 20 && files > FILES_MAX; turn += 1) {
    await pause(500)
    files = server.program.openFiles()
  }
  return files <= FILES_MAX ? `within bounds: ${files}` : `${files} open`
}
