// Whether a room behaved as one log: each call took effect at one moment between its beginning and
// its answer. An append that was answered before another call began has a smaller offset than it,
// and a read shows all that was answered, to appends and to reads, before it began.
import type { Loss, Operation } from './record.ts'

/**
 * One sentence for each call that shows less than one that was over before it began. After a loss
 * reads may show what is left, until a node that knows more has given the room another epoch.
 */
export function linear(operations: readonly Operation[], losses: readonly Loss[] = []): string[] {
  const isJudged = (one: Operation) => !losses.some((loss) => isOfWhatIsLeft(one, loss, operations))
  const epochs = Map.groupBy(operations.filter(isJudged), ({ at }) => at.epoch)
  return [...[...epochs.values()].flatMap(inOneEpoch), ...epochsInOrder(epochs)]
}

/** A read that began before any call was answered in a later epoch. */
function isOfWhatIsLeft(
  { what, began, ended, at }: Operation,
  loss: Loss,
  operations: readonly Operation[],
): boolean {
  if (what !== 'read' || at.offset > loss.kept || ended < loss.began) return false
  const isLater = (other: Operation) => other.ended > loss.began && other.at.epoch !== at.epoch
  return operations.every((other) => !isLater(other) || other.ended >= began)
}

function inOneEpoch(operations: readonly Operation[]): string[] {
  const ended = operations.toSorted((one, other) => one.ended - other.ended)
  let next = 0
  let highest = 0
  return operations
    .toSorted((one, other) => one.began - other.began)
    .flatMap(({ what, began, at }) => {
      for (let one = ended[next]; one !== undefined && one.ended < began; one = ended[next]) {
        highest = Math.max(highest, one.at.offset)
        next += 1
      }
      const isGood = what === 'append' ? at.offset > highest : at.offset >= highest
      return isGood ? [] : [`one ${what} was at ${at.offset}, after ${highest} was answered`]
    })
}

/** An epoch that was seen after another one was not seen before it. */
function epochsInOrder(epochs: ReadonlyMap<string, readonly Operation[]>): string[] {
  const spans = [...epochs].map(([epoch, operations]) => ({
    epoch,
    firstEnd: operations.reduce((least, { ended }) => Math.min(least, ended), Infinity),
    lastBegin: operations.reduce((most, { began }) => Math.max(most, began), 0),
  }))
  return spans.flatMap((one, at) =>
    spans
      .slice(at + 1)
      .filter(({ firstEnd, lastBegin }) => {
        return one.firstEnd < lastBegin && firstEnd < one.lastBegin
      })
      .map(({ epoch }) => `the epochs ${one.epoch} and ${epoch} took turns`),
  )
}
