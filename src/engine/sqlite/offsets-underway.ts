// What the commit under way begins with: for each of its rooms the first new offset, which the
// writing thread notes in memory that both threads see before it commits. So the main thread knows
// of a page whether it shows something of that commit, without waiting for the writer's answer.

/** Drafts in one commit at most, and so rooms. */
export const COMMIT_DRAFTS_MAX = 2_048

/** Entry `i` is for room `i` of the packed drafts; 0 while nothing was kept in it. */
export type OffsetsUnderway = Float64Array<SharedArrayBuffer>

/** For one writing thread. */
export function newOffsetsUnderway(): OffsetsUnderway {
  return new Float64Array(new SharedArrayBuffer(COMMIT_DRAFTS_MAX * 8))
}
