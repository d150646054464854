// The list of families, in the order they attack; the look at what is left comes last.
import type { Family } from './attack.ts'
import { afterwards } from './families/afterwards.ts'
import { answers } from './families/answers.ts'
import { commands } from './families/commands.ts'
import { costs, everyPath } from './families/costs.ts'
import { embedded } from './families/embedded.ts'
import { firstMessages } from './families/first-messages.ts'
import { frames } from './families/frames.ts'
import { framing } from './families/framing.ts'
import { headers } from './families/headers.ts'
import { json } from './families/json.ts'
import { logs } from './families/logs.ts'
import { origins } from './families/origins.ts'
import { passwords } from './families/passwords.ts'
import { paths } from './families/paths.ts'
import { quotas } from './families/quotas.ts'
import { receipts } from './families/receipts.ts'
import { replyStreams } from './families/reply-streams.ts'
import { revokedRequests } from './families/revoked-requests.ts'
import { rooms } from './families/rooms.ts'
import { secondOrigin } from './families/second-origin.ts'
import { shares } from './families/shares.ts'
import { slowness } from './families/slowness.ts'
import { tickets } from './families/tickets.ts'
import { tokens } from './families/tokens.ts'
import { upgrades } from './families/upgrades.ts'
import { uplinkRequests } from './families/uplink-requests.ts'
import { uplinks } from './families/uplinks.ts'

export const FAMILIES: readonly Family[] = [
  origins,
  tokens,
  tickets,
  rooms,
  json,
  headers,
  framing,
  upgrades,
  paths,
  frames,
  firstMessages,
  commands,
  receipts,
  replyStreams,
  uplinks,
  uplinkRequests,
  revokedRequests,
  embedded,
  slowness,
  secondOrigin,
  answers,
  logs,
  shares,
  quotas,
  costs,
  everyPath,
  passwords,
  afterwards,
]
