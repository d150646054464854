// A command that cannot be done, with a sentence for the operator.

export class CommandFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CommandFailed'
  }
}
