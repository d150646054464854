// Dead connections are found in a bounded time; each tick visits two groups of connections.
import { test } from 'tap'
import { type Beating, Heartbeat } from '../../src/connection/heartbeat.ts'

/** A connection that notes the seconds at which it was pinged, found dead and expired. */
class FakeHeart implements Beating {
  pingedAt = 0
  expiresAt: number | null = null
  readonly pings: number[] = []
  deadAt: number | null = null
  expiredAt: number | null = null
  /** Whether it answers pings at once. */
  answers = true
  second = 0

  ping(): void {
    this.pings.push(this.second)
    if (this.answers) this.pingedAt = 0
  }

  noPong(): void {
    this.deadAt ??= this.second
  }

  expired(): void {
    this.expiredAt ??= this.second
  }
}

/** Ticks second by second; each heart knows which second it is. */
function run(heartbeat: Heartbeat, hearts: FakeHeart[], from: number, to: number): void {
  for (let second = from; second <= to; second += 1) {
    for (const heart of hearts) heart.second = second
    heartbeat.tick(second * 1_000)
  }
}

const SETTINGS: [pingSeconds: number, pongSeconds: number][] = [
  [25, 10],
  [1, 1],
  [5, 5],
  [2, 7],
  [10, 35],
]

for (const [pingSeconds, pongSeconds] of SETTINGS) {
  const named = `ping ${pingSeconds} s, pong ${pongSeconds} s`

  test(`[C181] with ${named} every connection is pinged once a round`, async (t) => {
    const heartbeat = new Heartbeat({ pingSeconds, pongSeconds })
    const heart = new FakeHeart()
    heartbeat.add(heart)
    run(heartbeat, [heart], 1, pingSeconds * 4)
    t.same(
      heart.pings,
      [1, 2, 3, 4].map((round) => round * pingSeconds),
    )
    t.equal(heart.deadAt, null)
  })

  test(`[C181] with ${named} the dead are found in time, whenever they die`, async (t) => {
    for (let death = 0; death <= pingSeconds * 2 + pongSeconds; death += 1) {
      const heartbeat = new Heartbeat({ pingSeconds, pongSeconds })
      const heart = new FakeHeart()
      heartbeat.add(heart)
      run(heartbeat, [heart], 1, death)
      heart.answers = false
      run(heartbeat, [heart], death + 1, death + pingSeconds + pongSeconds)
      const waited = (heart.deadAt ?? Number.POSITIVE_INFINITY) - death
      t.ok(waited >= pongSeconds && waited <= pingSeconds + pongSeconds, `${waited} s`)
    }
  })

  test(`[C181] with ${named} an answer within the pong time keeps the connection`, async (t) => {
    const heartbeat = new Heartbeat({ pingSeconds, pongSeconds })
    const heart = new FakeHeart()
    heart.answers = false
    heartbeat.add(heart)
    let second = 0
    for (let round = 0; round < 5; round += 1) {
      const pings = heart.pings.length
      while (heart.pings.length === pings) {
        second += 1
        run(heartbeat, [heart], second, second)
      }
      run(heartbeat, [heart], second + 1, second + pongSeconds - 1)
      second += pongSeconds - 1
      heart.pingedAt = 0
    }
    t.equal(heart.deadAt, null)
  })
}

test('[C181] while an answer is due no second ping is sent', async (t) => {
  const heartbeat = new Heartbeat({ pingSeconds: 2, pongSeconds: 7 })
  const heart = new FakeHeart()
  heart.answers = false
  heartbeat.add(heart)
  run(heartbeat, [heart], 1, 8)
  t.same(heart.pings, [2])
  run(heartbeat, [heart], 9, 9)
  t.equal(heart.deadAt, 9)
})

test('[C63] an identity that expires is noticed within a second, and pinged no more', async (t) => {
  for (let runsOut = 0; runsOut <= 60; runsOut += 1) {
    const heartbeat = new Heartbeat({ pingSeconds: 25, pongSeconds: 10 })
    const heart = new FakeHeart()
    heart.expiresAt = runsOut * 1_000
    heartbeat.add(heart)
    run(heartbeat, [heart], 1, 90)
    const late = (heart.expiredAt ?? Number.POSITIVE_INFINITY) - runsOut
    t.ok(late >= 0 && late <= 1, `${late} s`)
    t.ok(heart.pings.every((second) => second < runsOut))
  }
})

test('a connection that joined at another time is pinged at another time', async (t) => {
  const heartbeat = new Heartbeat({ pingSeconds: 10, pongSeconds: 5 })
  const hearts = Array.from({ length: 10 }, () => new FakeHeart())
  for (const [second, heart] of hearts.entries()) {
    heartbeat.add(heart)
    run(heartbeat, hearts, second + 1, second + 1)
  }
  run(heartbeat, hearts, 11, 20)
  const firsts = hearts.map(({ pings }) => pings[0])
  t.same(
    firsts,
    Array.from({ length: 10 }, (_, second) => second + 10),
  )
})

test('a removed connection is left alone, also when its group is visited just then', async (t) => {
  const heartbeat = new Heartbeat({ pingSeconds: 1, pongSeconds: 1 })
  const [stays, goes, removed] = [new FakeHeart(), new FakeHeart(), new FakeHeart()]
  const groups = [stays, goes, removed].map((heart) => heartbeat.add(heart))
  heartbeat.remove(removed, groups[2] ?? 0)
  goes.answers = false
  goes.noPong = () => {
    goes.deadAt = goes.second
    heartbeat.remove(goes, groups[1] ?? 0)
  }
  run(heartbeat, [stays, goes, removed], 1, 10)
  t.equal(stays.pings.length, 10)
  t.same(goes.pings, [1])
  t.equal(goes.deadAt, 2)
  t.same(removed.pings, [])
})
