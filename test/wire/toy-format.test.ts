// A format with replies under the contract of every wire format.
import t from 'tap'
import { wireFormatContract } from '../contract/wire-format.ts'
import { toy } from './toy-format.ts'

wireFormatContract(t, toy)
