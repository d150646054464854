// Who is told on this node that the receipts of a room came to something else.
import type { OnReceipts, ReceiptWatch } from '../receipt-store.ts'

/** An object of its own, so that one function may watch a room twice. */
interface Watching {
  readonly onChanged: OnReceipts
}

export class ReceiptWatches {
  readonly #rooms = new Map<string, Set<Watching>>()

  watch(room: string, onChanged: OnReceipts): ReceiptWatch {
    const watches = this.#rooms.get(room) ?? new Set()
    const watch = { onChanged }
    watches.add(watch)
    this.#rooms.set(room, watches)
    return {
      stop: () => {
        watches.delete(watch)
        if (watches.size === 0 && this.#rooms.get(room) === watches) this.#rooms.delete(room)
      },
    }
  }

  /** How many rooms are watched, for tests of clean-up. */
  get size(): number {
    return this.#rooms.size
  }

  tell(room: string): void {
    for (const { onChanged } of this.#rooms.get(room) ?? []) onChanged()
  }
}
