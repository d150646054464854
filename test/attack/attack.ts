// What an attack is: something sent, what must come of it, and a line that says whether it did.
import type { Home, Target } from './target.ts'

export interface Attack {
  name: string
  /** In words, for the table. */
  sent: string
  /** The whole outcome in words, or a pattern of all that are right. */
  expected: string | RegExp
  /** Gives the outcome in words. */
  run(): Promise<string>
}

/** An attack in one row of a table. */
export function attack(
  name: string,
  sent: string,
  expected: string | RegExp,
  run: () => Promise<string>,
): Attack {
  return { name, sent, expected, run }
}

type Attacks = Attack | Attack[]

/** Attacks of one kind, part by part. What they share is prepared when their turn comes. */
export interface Family {
  title: string
  /** Where it attacks, if not both alone and at the root of an application. */
  homes?: readonly Home[]
  /** The same for the short form, if not alone. */
  shortHomes?: readonly Home[]
  parts: readonly ((target: Target) => Attacks | Promise<Attacks>)[]
}

export interface Verdict {
  attack: Attack
  came: string
  fits: boolean
  ms: number
}

const ATTACK_MS = 300_000
const SENT_SHOWN = 60
const CAME_SHOWN = 240

/** One after the other: what one does must not explain what comes of the next. */
export async function runFamily(family: Family, target: Target): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const attacks: Attack[] = []
  for (const part of family.parts) attacks.push(...[await part(target)].flat())
  for (const attack of attacks) {
    const verdict = await judge(attack)
    verdicts.push(verdict)
    console.log(lineOf(family.title, verdict))
  }
  return verdicts
}

async function judge(attack: Attack): Promise<Verdict> {
  const start = performance.now()
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('the attack did not end'), ATTACK_MS).unref()
  })
  const came = await Promise.race([attack.run(), late]).catch((error) => `threw ${error}`)
  const { expected } = attack
  const fits = typeof expected === 'string' ? came === expected : expected.test(came)
  return { attack, came, fits, ms: Math.round(performance.now() - start) }
}

function lineOf(title: string, { attack, came, fits, ms }: Verdict): string {
  const { name, sent, expected } = attack
  const start = `${fits ? 'ok   ' : 'WRONG'} ${title.padEnd(13)} ${name}`
  const outcome = `expected ${expected} | got ${shown(came, CAME_SHOWN)}`
  return `${start} | ${shown(sent, SENT_SHOWN)} | ${outcome} | ${ms} ms`
}

/** Control characters are what some attacks are made of: the table must survive them. */
function shown(text: string, most: number): string {
  const safe = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return safe.length > most ? `${safe.slice(0, most)}…` : safe
}
