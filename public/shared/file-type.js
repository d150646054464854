// The type of a file by its first bytes. Only pictures that a browser shows without running code;
// any other file, also SVG and HTML, is a download of unknown type.

const PICTURES = [
  { type: 'image/png', ending: 'png', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a] },
  { type: 'image/jpeg', ending: 'jpg', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', ending: 'gif', at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: 'image/webp', ending: 'webp', at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  { type: 'image/avif', ending: 'avif', at: 4, bytes: [0x66, 0x74, 0x79, 0x70, 0x61, 0x76] },
]

const UNKNOWN = { type: 'application/octet-stream', ending: 'bin' }

/**
 * @param {Uint8Array} content
 * @returns {{ type: string, ending: string }}
 */
export function fileTypeOf(content) {
  const isPicture = (/** @type {{ at: number, bytes: number[] }} */ { at, bytes }) =>
    bytes.every((byte, index) => content[at + index] === byte)
  return PICTURES.find(isPicture) ?? UNKNOWN
}
