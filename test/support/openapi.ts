// An OpenAPI document as a test reads it: its operations, with their parameters and answers.
import type { StartedApp } from './app.ts'

export interface Media {
  schema: object
  example?: unknown
  examples?: Record<string, { value: unknown }>
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header' | 'cookie'
  schema: object
  example?: unknown
}

export interface Answer {
  description: string
  content?: Record<string, Media>
}

export interface Operation {
  method: string
  path: string
  summary?: string
  tags?: string[]
  security?: object[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, Answer>
}

export interface Document {
  openapi: string
  info: { version: string }
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
}

export async function documentAt(url: string): Promise<Document> {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`no document: ${response.status}`)
  return (await response.json()) as Document
}

export function documentOf({ url }: StartedApp): Promise<Document> {
  return documentAt(`${url}/docs/json`)
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      return { ...operation, method: method.toUpperCase(), path }
    }),
  )
}

/** Every example that a media type or parameter gives. */
export function examplesOf({ example, examples = {} }: Pick<Media, 'example' | 'examples'>) {
  const named = Object.values(examples).map(({ value }) => value)
  return example === undefined ? named : [example, ...named]
}

/** A path that can be asked for: its parameters replaced by their examples. */
export function pathOf({ path, parameters = [] }: Operation): string {
  return parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((filled, { name, example }) => filled.replace(`{${name}}`, String(example)), path)
}
