// The form for logging in and for signing up.
import { element } from './element.js'
import { logIn, signUp } from './session.js'

/** @import { User } from './session.js' */

const LOG_IN = {
  title: 'Log in',
  lead: 'Welcome back.',
  question: 'New here?',
  other: 'Sign up',
  autocomplete: 'current-password',
  username: '.*',
  passwordLength: 1,
  submit: logIn,
}
const SIGN_UP = {
  title: 'Sign up',
  lead: 'A name of letters, digits or . _ @ - and a password of 8 characters or more.',
  question: 'Already have an account?',
  other: 'Log in',
  autocomplete: 'new-password',
  // The server's rules for new accounts, so that the browser can explain them before it asks.
  username: '[A-Za-z0-9._@\\-]{1,64}',
  passwordLength: 8,
  submit: signUp,
}

export class AccountView {
  #view = element('account', HTMLElement)
  #username = element('username', HTMLInputElement)
  #password = element('password', HTMLInputElement)
  #sentence = element('account-sentence', HTMLElement)
  #submit = element('account-submit', HTMLButtonElement)
  #intent = LOG_IN
  #onUser

  constructor(/** @type {(user: User) => void} */ onUser) {
    this.#onUser = onUser
    element('account-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      this.#enter()
    })
    element('account-switch', HTMLButtonElement).addEventListener('click', () => {
      this.#choose(this.#intent === LOG_IN ? SIGN_UP : LOG_IN)
    })
  }

  show(sentence = '') {
    this.#choose(LOG_IN)
    this.say(sentence)
    this.#view.hidden = false
    this.#username.focus()
  }

  say(/** @type {string} */ sentence) {
    this.#sentence.textContent = sentence
  }

  hide() {
    this.#view.hidden = true
    this.#password.value = ''
  }

  #choose(/** @type {typeof LOG_IN} */ intent) {
    this.#intent = intent
    this.#sentence.textContent = ''
    this.#submit.textContent = intent.title
    this.#password.setAttribute('autocomplete', intent.autocomplete)
    this.#password.minLength = intent.passwordLength
    this.#username.pattern = intent.username
    element('account-title', HTMLElement).textContent = intent.title
    element('account-lead', HTMLElement).textContent = intent.lead
    element('account-question', HTMLElement).textContent = intent.question
    element('account-switch', HTMLElement).textContent = intent.other
  }

  async #enter() {
    this.#submit.disabled = true
    this.#sentence.textContent = ''
    try {
      this.#onUser(await this.#intent.submit(this.#username.value, this.#password.value))
    } catch (error) {
      this.#sentence.textContent = error instanceof Error ? error.message : String(error)
      this.#password.focus()
    } finally {
      this.#submit.disabled = false
    }
  }
}
