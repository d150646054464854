// A picture in its full size.
import { element } from '../../shared/element.js'

const dialog = element('picture-dialog', HTMLDialogElement)
const image = element('picture', HTMLImageElement)

export function showPicture(/** @type {{ url: string, name: string }} */ { url, name }) {
  image.src = url
  image.alt = `Picture ${name}`
  dialog.showModal()
}

dialog.addEventListener('click', () => dialog.close())
