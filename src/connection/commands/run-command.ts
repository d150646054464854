// Every command that a client may give, each in a file of its own.
import type { Command } from '../../protocol/command.ts'
import type { Room } from '../../room/room.ts'
import type { Speaker } from '../speaker.ts'
import { publish } from './publish.ts'

export function runCommand(
  speaker: Speaker,
  room: Room,
  command: Command,
): Promise<void> | undefined {
  switch (command.type) {
    case 'publish':
      return publish(speaker, room, command)
  }
}
