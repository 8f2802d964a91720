// @ts-check
// The curves of the last minute.
//
// Responsible for: the content of each curve, and the marks on them.

import { format } from '../format.js';
import { ticksTo, usual } from '../labs/axis.js';
import { usText } from './figures.js';

/** @import { Panel } from '../labs/score.js' */
/** @import { Mark } from '../labs/series.js' */
/** @import { Rooms } from './types.d.ts' */

const SPAN_MS = 60_000;
const WORDS = 6; // more marks than this in a minute are drawn without their words

/** @param {(number | null)[]} values */
const top = (values) => ticksTo((usual(values) || 1) * 1.1).at(-1) ?? 1;
/** @param {number} most */
const ticks = (most) => [0, most / 2, most];

/** @type {Panel[]} */
export const PANELS = [
  {
    title: 'moves acknowledged a second',
    column: 'moves_s',
    height: 6.2,
    colour: 'work',
    top,
    ticks: (most) => [0, most],
    tick: format.brief,
    read: format.perSecond,
  },
  {
    title: 'a move takes, p99',
    column: 'ack_p99_us',
    height: 6.2,
    colour: 'ink',
    top,
    ticks,
    tick: (value) => (value === 0 ? '0' : usText(value)),
    read: usText,
  },
];

/**
 * The time of the newest point.
 * @param {Rooms} lab
 */
export function nowOf({ at_ms: at, history: { from_ms: from, step_ms: step, moves_s: moves } }) {
  return at ?? from + step * Math.max(0, moves.length - 1);
}

/**
 * The marks of the server; kills are red. When rooms are killed again and again, their words are left out.
 * @param {Rooms} lab
 * @returns {Mark[]}
 */
export function marksOf(lab) {
  const now = nowOf(lab);
  const recent = lab.marks.filter(({ at_ms: at }) => now - at < SPAN_MS).length;
  return lab.marks.map(({ at_ms, says }) => {
    const isKill = / (killed|crashed)\b/.test(says);
    return { at_ms, kind: isKill ? 'crash' : 'change', word: isKill && recent > WORDS ? '' : says };
  });
}
