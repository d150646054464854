// What the command takes its arguments for.
import { test } from 'tap'
import { UsageError, wishOf } from '../../src/command/arguments.ts'

test('each command is known by its name, and none means start', async (t) => {
  t.same(wishOf([]), { do: 'start' })
  t.same(wishOf(['start']), { do: 'start' })
  t.same(wishOf(['check']), { do: 'check' })
  t.same(wishOf(['backup', 'a file.db']), { do: 'backup', file: 'a file.db' })
  t.same(wishOf(['user', 'ban', 'ann']), { do: 'user', operation: 'ban', name: 'ann' })
  t.same(wishOf(['backup', '--', '-v']), { do: 'backup', file: '-v' })
})

test('help and version go before all else', async (t) => {
  for (const flag of ['--help', '-h']) t.same(wishOf(['start', flag]), { do: 'help' })
  for (const flag of ['--version', '-v']) t.same(wishOf([flag]), { do: 'version' })
})

const WRONG: [args: string[], sentence: RegExp][] = [
  [['help'], /^There is no command "help"\.$/],
  [['--port'], /^Unknown option '--port'\.$/],
  [['-x'], /^Unknown option '-x'\.$/],
  [['--help=yes'], /does not take an argument\.$/],
  [['start', 'now'], /^usher start takes no arguments\.$/],
  [['check', 'data'], /^usher check takes no arguments\.$/],
  [['backup'], /^usher backup takes one FILE\.$/],
  [['backup', ''], /^usher backup takes one FILE\.$/],
  [['backup', 'a', 'b'], /^usher backup takes one FILE\.$/],
  [['export'], /^usher export takes one FILE\.$/],
  [['import', 'a', 'b'], /^usher import takes one FILE\.$/],
  [['user'], /^usher user takes add, password, ban, unban\.$/],
  [['user', 'remove', 'ann'], /^usher user takes add, password, ban, unban\.$/],
  [['user', 'add'], /^usher user add takes one NAME, and a password from standard input alone\.$/],
  [
    ['user', 'add', 'ann', 'secret'],
    /^usher user add takes one NAME, and a password from standard /,
  ],
]

test('what is not known is an error that says how', async (t) => {
  for (const [args, message] of WRONG) {
    t.throws(() => wishOf(args), { name: 'UsageError', message })
    t.throws(() => wishOf(args), UsageError)
  }
})
