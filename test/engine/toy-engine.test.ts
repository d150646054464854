// Two nodes that share by a plain EventEmitter keep the contract of every engine.
import t from 'tap'
import { engineContract } from '../contract/engine.ts'
import { openToys, toyOf } from './toy-engine.ts'

engineContract(t, {
  openShared: openToys,
  openWithin: null,
  lapse: (engine) => toyOf(engine).lapse(),
  cutOff(engine) {
    const toy = toyOf(engine)
    toy.isCutOff = true
    return () => toy.reconnect()
  },
})
