// What the package exports.
export { type AppParts, buildApp } from './app.ts'
export { type Config, ConfigError, loadConfig } from './config.ts'
