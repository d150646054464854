// Where the package is installed for these tests: in a folder that `npm run check:package` made by
// npm, or else in one made here, of the tarball and of what this repository has installed.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { pack } from '../../scripts/pack.ts'
import { runCommand } from '../../scripts/run-command.ts'

export interface Installed {
  /** The command. */
  bin: string
  /** Holds the folders of the examples. */
  examples: string
  /** A PATH on which the Node to use comes first. */
  path: string
}

interface Teardown {
  teardown(run: () => unknown): unknown
}

export function installedPackage(t: Teardown): Installed {
  const { USHER_INSTALLED, USHER_NODE = dirname(process.execPath), PATH = '' } = process.env
  const root = USHER_INSTALLED ?? unpacked(t)
  return {
    bin: join(root, 'node_modules', '.bin', 'usher'),
    examples: join(root, 'examples'),
    path: [USHER_NODE, PATH].join(delimiter),
  }
}

function unpacked(t: Teardown): string {
  const root = mkdtempSync(join(tmpdir(), 'usher-package-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const modules = join(root, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const name of readdirSync('node_modules')) {
    if (!name.startsWith('.'))
      symlinkSync(join(process.cwd(), 'node_modules', name), join(modules, name))
  }
  runCommand('tar', ['-xzf', pack(root).path, '-C', modules])
  symlinkSync('package', join(modules, 'fastify-usher'))
  symlinkSync('../fastify-usher/dist/src/cli.js', join(modules, '.bin', 'usher'))
  const filter = (path: string) => !/\/(node_modules|data)$/.test(path)
  cpSync('examples', join(root, 'examples'), { recursive: true, filter })
  return root
}
