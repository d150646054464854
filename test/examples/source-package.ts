// Loaded before an example: the package `fastify-usher` is what the sources here are.
import { registerHooks } from 'node:module'

const PACKAGE = new URL('../../src/index.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'fastify-usher') return next(specifier, context)
    return { url: PACKAGE, shortCircuit: true }
  },
})
