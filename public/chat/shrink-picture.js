// Makes a picture small enough for one message, by a canvas in the page. That drops what a camera
// wrote beside the picture too, such as the place where it was taken.
import { FILE_BYTES_MAX } from './message-data.js'

const SIDES = [1_280, 960, 720, 540, 400, 280, 180]
const QUALITIES = [0.8, 0.6]
// JPEG where the browser writes no WebP.
const TYPES = ['image/webp', 'image/jpeg']

export function isPicture(/** @type {File} */ { type }) {
  return /^image\/(png|jpe?g|gif|webp|avif|bmp|heic|heif)$/.test(type)
}

/**
 * @param {File} file
 * @returns {Promise<{ bytes: Uint8Array, width: number, height: number } | null>} null for what
 *   the browser cannot read as a picture
 */
export async function shrinkPicture(file) {
  const image = await createImageBitmap(file).catch(() => null)
  if (image === null) return null
  const { width, height } = image
  // A canvas would hold a moving picture still.
  if (file.size <= FILE_BYTES_MAX && file.type === 'image/gif') {
    return { bytes: new Uint8Array(await file.arrayBuffer()), width, height }
  }
  for (const side of SIDES) {
    const fitting = await atSide(image, side)
    if (fitting !== null) return fitting
  }
  return null
}

async function atSide(/** @type {ImageBitmap} */ image, /** @type {number} */ side) {
  const scale = Math.min(1, side / Math.max(image.width, image.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(image.width * scale))
  canvas.height = Math.max(1, Math.round(image.height * scale))
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  for (const quality of QUALITIES) {
    const blob = await blobOf(canvas, quality)
    if (blob === null || blob.size > FILE_BYTES_MAX) continue
    const bytes = new Uint8Array(await blob.arrayBuffer())
    return { bytes, width: canvas.width, height: canvas.height }
  }
  return null
}

/** @returns {Promise<Blob | null>} */
async function blobOf(/** @type {HTMLCanvasElement} */ canvas, /** @type {number} */ quality) {
  for (const type of TYPES) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, quality))
    if (blob?.type === type) return blob
  }
  return null
}
