// @ts-check
// What moved in the bench between two snapshots, as events that travel along the pipes.
//
// Responsible for: which difference of counts is a movement on which path. Nothing here is a guess by a
// timer, and nothing is drawn here.

import { MODES, perMode } from './modes.js';
import { TRAVEL_MS } from './pipes.js';

/** @import { PathName } from './pipes.js' */
/** @import { Point, Snapshot } from './snapshot.d.ts' */
/** @import { Row } from './timeline.js' */

const SILENCE_S = 1.5; // after a longer gap between snapshots, differences are history, not motion

/**
 * @typedef {object} Movement
 * @property {PathName} path
 * @property {string} colour a mode, or another variable of the style sheet
 * @property {number} events
 * @property {number} ms how long they took to set off
 * @property {number} delay milliseconds until the first one sets off
 */

/**
 * @param {Snapshot | null} before
 * @param {Snapshot} after
 * @returns {Movement[]}
 */
export function movements(before, after) {
  const gap = before ? after.uptime_s - before.uptime_s : 0;
  if (!before || gap <= 0 || gap > SILENCE_S) return [];
  const lapse = after.point.t - before.point.t;
  const through = lapse > 0 ? movedThrough(before.point, after.point, lapse * 1000) : [];
  return [...movedIn(before, after, gap * 1000), ...through];
}

/**
 * Arrivals and refusals, ten times a second. A reset makes differences negative: they count as none.
 * @param {Snapshot} before
 * @param {Snapshot} after
 * @param {number} ms
 * @returns {Movement[]}
 */
function movedIn(before, after, ms) {
  /** @param {(snapshot: Snapshot) => number} read */
  const grown = (read) => Math.max(0, read(after) - read(before));
  const arrived = MODES.map((mode) => ({
    path: /** @type {PathName} */ (mode === 'pipelined' ? 'push' : mode),
    colour: mode,
    events: grown(({ modes }) => modes[mode].arrived),
    ms,
    delay: 0,
  }));
  /**
   * @param {PathName} path
   * @param {number} events
   */
  const turnedAway = (path, events) => ({ path, colour: 'danger', events, ms, delay: TRAVEL_MS.least });
  return [
    ...arrived,
    turnedAway(
      'bounce',
      grown(({ queue }) => queue.refused),
    ),
    turnedAway(
      'fall',
      grown(({ queue }) => queue.dropped),
    ),
    turnedAway(
      'shed',
      grown(({ resource }) => resource.refused),
    ),
  ];
}

/**
 * Demand, dispatch and finish, from the points' cumulative counts: four times a second.
 * @param {Point} before
 * @param {Point} after
 * @param {number} ms
 * @returns {Movement[]}
 */
function movedThrough(before, after, ms) {
  const finished = perMode((_, mode) => Math.max(0, after.finished[mode] - before.finished[mode]));
  const started = Math.max(0, finished[2] + after.busy - before.busy);
  const dispatched = Math.max(0, started + after.held - before.held);
  return [
    { path: 'ask', colour: 'muted', events: dispatched, ms, delay: 0 },
    { path: 'dispatch', colour: 'pipelined', events: dispatched, ms, delay: TRAVEL_MS.least },
    { path: 'work', colour: 'pipelined', events: started, ms, delay: TRAVEL_MS.least * 2 },
    ...perMode((mode, index) => ({
      path: /** @type {PathName} */ ('done'),
      colour: mode,
      events: finished[index],
      ms,
      delay: 0,
    })),
  ];
}

/** @typedef {Partial<Record<PathName, number | null>>} PipeRates events a second */

/**
 * The rate in each pipe over the last second.
 * @param {Row | undefined} row
 * @param {boolean} isPaused
 * @returns {PipeRates}
 */
export function ratesOf(row, isPaused) {
  if (!row) return {};
  const [serial, async, push] = row.in;
  const [, , out] = row.out;
  const done = row.out.reduce((/** @type {number} */ sum, rate) => sum + (rate ?? 0), 0);
  const dispatch = isPaused ? 0 : out; // at once, and not when the last second is over
  return { serial, async, push, dispatch, work: out, done };
}
