// Makes elements. Text of users is only ever set as textContent.

const SVG = 'http://www.w3.org/2000/svg'

/**
 * @param {string} name
 * @param {string} [className]
 * @param {string} [text]
 */
export function make(name, className = '', text = '') {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  if (text !== '') made.textContent = text
  return made
}

/** One of the symbols of index.html. */
export function icon(/** @type {string} */ name) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('class', `i-${name}`)
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `#i-${name}`)
  svg.append(use)
  return svg
}

/** A button with a label, which is read and not seen where there is an icon. */
export function button(
  /** @type {string} */ label,
  /** @type {() => void} */ onClick,
  { className = '', symbol = '' } = {},
) {
  const made = /** @type {HTMLButtonElement} */ (make('button', className))
  made.type = 'button'
  if (symbol === '') made.textContent = label
  else {
    made.ariaLabel = label
    made.title = label
    made.append(icon(symbol))
  }
  made.addEventListener('click', onClick)
  return made
}
