// @ts-check
// When the i-th watcher has an event, from at most 200 quantiles.
//
// Responsible for: reading a curve in both directions, and the time of each square of the field.

/** @import { Band, Grid } from './grid.js' */
/** @import { MatchEvent } from './types.d.ts' */

/**
 * The time at which the watcher of this rank has the event; infinite where it is not known to have it.
 * @param {Pick<MatchEvent, 'curve' | 'reached'>} event
 * @param {number} rank from 1; a fraction is between two watchers
 */
export function timeOf({ curve, reached }, rank) {
  if (curve.length === 0 || rank > reached) return Infinity;
  if (curve.length === 1 || reached <= 1) return curve[0];
  const at = (Math.max(0, rank - 1) * (curve.length - 1)) / (reached - 1);
  const below = Math.min(curve.length - 2, Math.floor(at));
  return curve[below] + (at - below) * (curve[below + 1] - curve[below]);
}

/**
 * How many watchers have the event after a time.
 * @param {Pick<MatchEvent, 'curve' | 'reached'>} event
 * @param {number} ms
 */
export function reachedAt({ curve, reached }, ms) {
  if (curve.length === 0 || ms < curve[0]) return 0;
  if (ms >= curve[curve.length - 1]) return reached;
  let [low, high] = [0, curve.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (curve[middle] <= ms) low = middle;
    else high = middle;
  }
  const part = (ms - curve[low]) / Math.max(1e-9, curve[high] - curve[low]);
  return Math.min(reached, Math.floor(1 + ((low + part) * (reached - 1)) / (curve.length - 1)));
}

/**
 * Whether an event has reached every watcher that takes it: those that are behind may never do so.
 * @param {MatchEvent} event
 */
export function isSettled({ last_ms: last, reached, sent, behind, stalled_ms: stalled }) {
  return last !== null || (stalled === 0 && reached > 0 && reached >= sent - behind.length);
}

/**
 * Spreads watchers that do not have the event over the shards: where deliveries wait, or else everywhere.
 * @param {MatchEvent} event
 * @param {number[]} sent of each shard
 * @returns {number[]} the watchers of each shard that have it
 */
export function reachedByShard({ sent: all, reached, shards }, sent) {
  const missing = Math.max(0, all - reached);
  const waiting = shards.map((shard, index) => Math.min(shard.behind, sent[index] ?? 0));
  const sum = waiting.reduce((total, count) => total + count, 0);
  const weights = sum > 0 ? waiting : sent;
  const weight = Math.max(1, sum > 0 ? sum : all);
  return sent.map((count, index) => Math.max(0, count - Math.round((missing * weights[index]) / weight)));
}

/**
 * Splits a count over shards in proportion to their watchers.
 * @param {number} count
 * @param {number[]} shards
 */
export function splitOver(count, shards) {
  const total = shards.reduce((sum, one) => sum + one, 0);
  let [before, given] = [0, 0];
  return shards.map((one) => {
    before += one;
    const upTo = total === 0 ? 0 : Math.round((count * before) / total);
    const part = upTo - given;
    given = upTo;
    return part;
  });
}

/**
 * The time at which each square has the event, in the order of the grid.
 * @param {MatchEvent} event
 * @param {Grid} grid
 * @param {number[]} shards watchers of each shard
 * @param {Set<number>} behind squares that do not take the event
 * @returns {Float32Array}
 */
export function dueTimes(event, grid, shards, behind) {
  const due = new Float32Array(grid.squares).fill(Infinity);
  const sent = splitOver(event.sent, shards).map((count, index) => Math.min(count, shards[index]));
  const reached = reachedByShard(event, sent);
  for (const band of grid.bands) {
    const has = reached[band.shard];
    let served = 0; // watchers of this shard
    for (let index = 0; index < band.squares && served < has; index += 1) {
      if (behind.has(band.first + index)) continue;
      const middle = Math.min(has, served + (grid.each + 1) / 2);
      served += grid.each;
      // Shards walk at the same time, so the same part of each is the same part of the curve.
      due[band.first + index] = timeOf(event, Math.max(1, (middle / has) * event.reached));
    }
  }
  if (event.order === 'tasks') shuffle(due, event.seq, behind);
  return due;
}

/**
 * Tasks wake in an order that the server does not know, so any order is as good.
 * @param {Float32Array} values
 * @param {number} seed
 * @param {Set<number>} fixed places that keep their values
 */
function shuffle(values, seed, fixed) {
  let state = seed + 1;
  for (let index = values.length - 1; index > 0; index -= 1) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const other = ((mixed ^ (mixed >>> 14)) >>> 0) % (index + 1);
    if (fixed.has(index) || fixed.has(other)) continue;
    [values[index], values[other]] = [values[other], values[index]];
  }
}
