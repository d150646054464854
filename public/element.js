// The elements of index.html by id. A missing one is a mistake of ours and stops the page at once.

/**
 * @template {HTMLElement} Wanted
 * @param {string} id
 * @param {new () => Wanted} type
 * @returns {Wanted}
 */
export function element(id, type) {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`)
  return found
}
