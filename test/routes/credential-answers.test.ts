// Answers with a credential: no cache keeps them, and no page sends their URL on.
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { asServer, call, PASSWORD, person } from '../support/people.ts'

test('[S9] an answer with a credential may not be kept, nor its URL sent on', async (t) => {
  const usher = await startApp(t)
  const { url, keepSecret } = usher
  const { username, bearer, browser } = await person(usher)
  const who = { username, password: PASSWORD }
  const app = await call(`${url}/session`, 'POST', { body: { ...who, client: 'app' } })
  const { refreshToken } = app.body
  const refreshed = await call(`${url}/session/refresh`, 'POST', { body: { refreshToken } })
  const answers = {
    'a log-in': await call(`${url}/session`, 'POST', { body: who }),
    'a log-in of an app': app,
    'a refresh': refreshed,
    'a ticket by token': await call(`${url}/tickets`, 'POST', { headers: bearer }),
    'a ticket by cookie': await call(`${url}/tickets`, 'POST', { headers: browser }),
    'a ticket by server key': await call(`${url}/tickets`, 'POST', {
      headers: asServer,
      body: { user: 'app:1' },
    }),
  }
  keepSecret(refreshToken, refreshed.body.refreshToken, refreshed.body.accessToken)
  for (const [what, { status, headers }] of Object.entries(answers)) {
    t.match(status, /^20[01]$/, what)
    t.equal(headers.get('cache-control'), 'no-store', what)
    t.equal(headers.get('referrer-policy'), 'no-referrer', what)
  }
})
