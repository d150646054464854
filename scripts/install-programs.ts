// Installs programs with apt-get, where that is possible without a prompt.
import { spawnSync } from 'node:child_process'
import { findProgram, type Program } from './programs.ts'

// Only the programs are needed, no service. Debian asks policy-rc.d whether a new package may start
// its service, and 101 means no. What was installed is kept from starting at the next boot too.
// Only what comes over the network is bounded: dpkg that is ended midway leaves a broken system.
const INSTALL = `
set -eu
seconds="$1"
shift
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$guard"
  chmod 755 "$guard"
fi
lock='-o DPkg::Lock::Timeout=120'
timeout "$seconds" apt-get $lock update
timeout "$seconds" apt-get $lock install -y --no-install-recommends --download-only "$@"
apt-get $lock install -y --no-install-recommends "$@"
for name in "$@"; do
  if [ -e "/etc/init.d/$name" ]; then update-rc.d "$name" disable; fi
  unit="/etc/systemd/system/multi-user.target.wants/$name.service"
  if [ -L "$unit" ]; then rm "$unit"; fi
done
`

/**
 * Says where each of these programs is, and installs those that are missing. Gives those that are
 * missing still. `seconds` bounds each step that needs the network; 0 leaves it to apt-get.
 */
export function installPrograms(programs: readonly Program[], seconds = 0): Program[] {
  const absent = missing(programs)
  if (absent.length > 0) install(absent, seconds)
  for (const program of programs) {
    const advice = `not found; install it, on Debian: apt-get install ${program.debianPackage}`
    console.log(`${program.title}: ${findProgram(program) ?? advice}`)
  }
  return missing(programs)
}

/** The packages of these programs, each once. */
export function packagesOf(programs: readonly Program[]): string[] {
  return [...new Set(programs.map(({ debianPackage }) => debianPackage))]
}

function missing(programs: readonly Program[]): Program[] {
  return programs.filter((program) => findProgram(program) === null)
}

function install(programs: readonly Program[], seconds: number): void {
  const prefix = rootPrefix()
  if (!prefix || spawnSync('apt-get', ['--version']).status !== 0) return
  const packages = packagesOf(programs)
  console.log(`Installing ${packages.join(' and ')} with apt-get`)
  const script = ['sh', '-c', INSTALL, 'sh', `${seconds}`, ...packages]
  const [command = 'sh', ...args] = [...prefix, ...script]
  spawnSync(command, args, { stdio: 'inherit' })
}

/** The prefix that runs a command as root without a prompt, or null where that is not possible. */
function rootPrefix(): string[] | null {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : null
}
