// Runs before `npm test`, with `--programs` before `npm run test:programs`, with `--sdks` before
// `npm run test:sdks`: installs the programs that tests need, since a test that is skipped without
// its program looks like one that passed.
import { spawnSync } from 'node:child_process'
import { FURTHER_PROGRAMS, findProgram, PROGRAMS, type Program, SDK_PROGRAMS } from './programs.ts'

const needed: readonly Program[] = [
  ...Object.values(PROGRAMS),
  ...(process.argv.includes('--programs') ? Object.values(FURTHER_PROGRAMS) : []),
  ...(process.argv.includes('--sdks') ? Object.values(SDK_PROGRAMS) : []),
]

// Only the programs are needed, no service. Debian asks policy-rc.d whether a new package may start
// its service, and 101 means no. What was installed is kept from starting at the next boot too.
const INSTALL = `
set -eu
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$guard"
  chmod 755 "$guard"
fi
apt-get -o DPkg::Lock::Timeout=120 update
apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
for name in "$@"; do
  if [ -e "/etc/init.d/$name" ]; then update-rc.d "$name" disable; fi
  unit="/etc/systemd/system/multi-user.target.wants/$name.service"
  if [ -L "$unit" ]; then rm "$unit"; fi
done
`

function missing(): Program[] {
  return needed.filter((program) => findProgram(program) === null)
}

/** The prefix that runs a command as root without a prompt, or null where that is not possible. */
function rootPrefix(): string[] | null {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : null
}

function install(programs: readonly Program[]): void {
  const prefix = rootPrefix()
  if (!prefix || spawnSync('apt-get', ['--version']).status !== 0) return
  const packages = [...new Set(programs.map(({ debianPackage }) => debianPackage))]
  console.log(`Installing ${packages.join(' and ')} with apt-get`)
  const [command = 'sh', ...args] = [...prefix, 'sh', '-c', INSTALL, 'sh', ...packages]
  spawnSync(command, args, { stdio: 'inherit' })
}

if (missing().length > 0) install(missing())

for (const program of needed) {
  const path = findProgram(program)
  const advice = `not found; install it, on Debian: apt-get install ${program.debianPackage}`
  console.log(`${program.title}: ${path ?? advice}`)
}

if (missing().length > 0) process.exitCode = 1
