// @ts-check
// The curves of the last minute.
//
// Responsible for: the content of each curve.

import { format } from '../format.js';
import { ticksTo, usual } from '../labs/axis.js';

/** @import { Panel } from '../labs/score.js' */

/** @param {(number | null)[]} values */
const top = (values) => ticksTo((usual(values) || 1) * 1.02).at(-1) ?? 1;
/** @param {number} most */
const ticks = (most) => [0, most / 2, most];
/** @param {number} value */
const tick = (value) => (value === 0 ? '0' : format.msTick(value));

/** @type {Panel[]} */
export const PANELS = [
  {
    title: 'the last watcher has the event',
    column: 'last_ms',
    height: 6.4,
    colour: 'work',
    top,
    ticks,
    tick,
    read: format.ms,
  },
  { title: 'ART, p99', column: 'art_p99_ms', height: 6.4, colour: 'ink', top, ticks, tick, read: format.ms },
];
