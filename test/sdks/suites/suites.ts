// The SDKs' own suites: where their sources are, which of their tests are run, and how. Those that
// pass with no server there are left out, and those of deltas, maps or polled subscriptions alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findGo } from '../../../scripts/go.ts'
import { type Program, SDK_PROGRAMS } from '../../../scripts/programs.ts'

export interface Suite {
  readonly language: Language
  /** How many tests are run: one that is missing in the results has failed. */
  readonly tests: number
  /** Those that fail, by pattern of their names, and what Usher does otherwise on purpose. */
  readonly differs?: Readonly<Record<string, string>>
  /** On GitHub, below centrifugal/. */
  readonly repository: string
  readonly tag: string
  /** What the suite signs itself, for a server with another issuer: texts to replace. */
  readonly credentials: readonly Replacement[]
  /** Files of ours that are written beside its sources. */
  readonly files?: Readonly<Record<string, string>>
  /** Programs that must be there. */
  readonly needs?: readonly Program[]
  /** Commands that install what it needs, and the one that runs its tests. */
  readonly install: readonly (readonly string[])[]
  readonly command: readonly string[]
  /** A folder below the sources, where the commands run. */
  readonly folder?: string
  /** Where the command writes its results; not there, what it prints counts. */
  readonly results?: string
}

export interface Replacement {
  readonly file: string
  readonly from: RegExp
  readonly to: string
}

export const LANGUAGES = ['JavaScript', 'Python', 'Go', 'Java'] as const
export type Language = (typeof LANGUAGES)[number]

export function isLanguage(word: string): word is Language {
  return (LANGUAGES as readonly string[]).includes(word)
}

function ours(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
}

const HOST = 'http://localhost:8000/suites'
const PACKAGE = join(import.meta.dirname, '../../../node_modules/centrifuge/build')

/** Tests without a server, or of maps. */
const NOT_JAVASCRIPT = [
  ...['invalid endpoint', 'state invalidated', 'newMapSubscription', 'newSharedPoll', 'map:'],
  ...['connect disconnect loop', 'disconnected with unauthorized'],
]

const JAVASCRIPT: Suite = {
  ...{ language: 'JavaScript', repository: 'centrifuge-js', tag: '5.7.1' },
  tests: 68,
  differs: {
    'subscribes and unsubscribes from many subs|retries subscription getData error':
      "a subscription's token is a ticket of the same user, and the anonymous have none [C317]",
  },
  credentials: [
    {
      file: 'src/centrifuge.test.ts',
      from: /const connectToken = "[^"]+"/g,
      to: `const connectToken = await (await fetch('${HOST}/ticket?user=42')).text()`,
    },
    {
      file: 'src/centrifuge.test.ts',
      from: /'(test\d)': "[^"]+"/g,
      to: `'$1': await (await fetch('${HOST}/ticket?user=42&room=$1')).text()`,
    },
  ],
  files: {
    'usher.jest.json': JSON.stringify({
      ...{ roots: ['<rootDir>/src'], transform: { '^.+\\.(ts|js)$': 'ts-jest' } },
      // The package of the registry, not the sources beside the tests.
      moduleNameMapper: {
        '^\\./centrifuge$': `${PACKAGE}/index.js`,
        '^\\./protobuf$': `${PACKAGE}/protobuf/index.js`,
      },
    }),
  },
  install: [['npm', 'install', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--silent']],
  command: [
    ...['npx', 'jest', '--config=usher.jest.json', '--runInBand', '--forceExit', '--json'],
    ...['--outputFile=results.json', `--testNamePattern=^(?!.*(${NOT_JAVASCRIPT.join('|')}))`],
    ...['centrifuge.test.ts', 'centrifuge.protobuf.test.ts', 'getstate', 'recovery.test.ts'],
  ],
  results: 'results.json',
}

/** Classes and tests without a server. */
const NOT_PYTHON = [
  ...['TestProcessDisconnectReconnectFlag', 'TestChannelCompaction', 'test_get_subscription'],
  ...['test_remove_subscription', 'test_duplicate_subscription_raises', 'resubscribe_timer_leak'],
  'multiple_schedule_reconnect_timer_leak',
]

const PYTHON: Suite = {
  ...{ language: 'Python', repository: 'centrifuge-python', tag: '0.5.0' },
  tests: 31,
  differs: {
    'test_join_leave|test_presence_two_clients':
      'it asks for no joins: they are told to those that ask, and no setting sends them [C264]',
    test_server_side_subs: "a user's own room is user:<id> [C313], and no name has a #",
  },
  credentials: [
    {
      file: 'tests/test_client.py',
      from: /( {4}hmac_secret = "secret")/,
      to: [
        '    from urllib.parse import urlencode',
        '    from urllib.request import urlopen',
        '    kind = "ticket" if channel else "token"',
        '    query = urlencode({"user": user, "room": channel})',
        `    return urlopen("${HOST}/" + kind + "?" + query).read().decode()`,
        '$1',
      ].join('\n'),
    },
  ],
  needs: [SDK_PROGRAMS.venv],
  install: [
    [SDK_PROGRAMS.venv.commands[0], '-m', 'venv', 'usher-venv'],
    // pytest 9 calls a test passed whose subtests failed.
    [
      ...['usher-venv/bin/pip', 'install', '-q', 'centrifuge-python==0.5.0', 'pytest==8.4.2'],
      'pytest-timeout==2.4.0',
    ],
    // Else the sources beside the tests come before the package of the registry.
    ['rm', '-r', 'centrifuge'],
  ],
  command: [
    ...['usher-venv/bin/python', '-m', 'pytest', 'tests/test_client.py', '--timeout=30', '-q'],
    ...['-o', 'python_classes=Test*', '-o', 'python_functions=no_function'],
    ...['-k', `not (${NOT_PYTHON.join(' or ')})`],
    '--junitxml=results.xml',
  ],
  results: 'results.xml',
}

const GO_TESTS = [
  ...['TestSuccessfulConnect', 'TestDisconnect', 'TestPublishProtobuf', 'TestPublishJSON'],
  ...['TestSubscribeSuccess', 'TestSubscribeError', 'TestHandlePublish'],
  ...['TestSubscription_Unsubscribe', 'TestConcurrentCloseDisconnect', 'TestClient_Publish'],
  ...['TestClient_Presence', 'TestClient_PresenceStats', 'TestClient_History'],
  ...['TestConcurrentPublishSubscribe', 'TestConcurrentPublishSubscribeDisconnect'],
  ...['TestStress_RepeatedForcedReconnects', 'TestStress_AllHandlersDuringReconnect'],
  ...['TestStress_ReconnectWithSlowHandlers', 'TestStress_ReconnectWithSubscriptions'],
  ...['TestGetStateCalledOnInitialSubscribe', 'TestGetStateNotCalledWhenRecoverySucceeds'],
  ...['TestGetStateErrorRetried', 'TestGetStatePersistentFailureKeepsRetrying'],
  'TestGetStateCalledAgainOnUnrecoverablePosition',
]

const GO: Suite = {
  ...{ language: 'Go', repository: 'centrifuge-go', tag: 'v0.12.1' },
  tests: GO_TESTS.length,
  credentials: [],
  install: [],
  command: [
    ...[findGo() ?? 'go', 'test', '-v', '-timeout=300s', `-run=^(${GO_TESTS.join('|')})$`, '.'],
  ],
}

/** Tests without a server. */
const NOT_JAVA = [
  ...['testDuplicateSubscriptionThrows', 'testGetStatePersistentFailureKeepsRetrying'],
  'testAutoReconnectFromInitialFailure',
]
const JAVA_TESTS = 'src/integrationTest/java/io/github/centrifugal/centrifuge'

const JAVA: Suite = {
  ...{ language: 'Java', repository: 'centrifuge-java', tag: '0.7.0', folder: 'centrifuge' },
  tests: 30,
  differs: {
    testNoReconnectOnTerminalDisconnect:
      'a back end that sends a user away chooses no code: it is 3503, and the client stays away',
  },
  credentials: [],
  files: {
    'centrifuge/usher-pom.xml': ours('pom.xml'),
    [`centrifuge/${JAVA_TESTS}/JwtUtil.java`]: ours('JwtUtil.java'),
  },
  needs: [SDK_PROGRAMS.javac, SDK_PROGRAMS.maven],
  install: [],
  command: [
    ...['mvn', '-B', '-q', '-f', 'usher-pom.xml', 'test'],
    `-Dtest=${['*IntegrationTest', ...NOT_JAVA.map((name) => `!*IntegrationTest#${name}`)]}`,
  ],
  results: 'target/surefire-reports',
}

export const SUITES: readonly Suite[] = [JAVASCRIPT, PYTHON, GO, JAVA]
