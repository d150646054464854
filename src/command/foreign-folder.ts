// Whose data folder it is: files of another user in it would lock the server out.
import { existsSync, statSync } from 'node:fs'
import { CommandFailed } from './failure.ts'

/** @throws CommandFailed where the folder is there and belongs to another user */
export function refuseForeign(folder: string): void {
  const owner = existsSync(folder) ? statSync(folder).uid : null
  if (owner === null || process.geteuid === undefined || owner === process.geteuid()) return
  throw new CommandFailed(`${folder} is not yours: run this as the user that Usher runs as.`)
}
