// What a blow may strike, and where what it took away is noted.
import type { Dice } from '../../support/dice.ts'
import type { Client } from '../clients/run-parts.ts'
import type { Record } from '../record.ts'
import type { Guest } from './guest.ts'
import type { Service } from './service.ts'

export interface Targets {
  service: Service
  clients: readonly Client[]
  guests: readonly Guest[]
  rooms: readonly string[]
  record: Record
}

export type Blow = (targets: Targets, dice: Dice) => Promise<void>
