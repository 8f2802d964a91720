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
    height: 5.4,
    colour: 'work',
    top,
    ticks: (most) => [0, most],
    tick: format.brief,
    read: format.perSecond,
  },
  {
    title: 'a move takes, p99',
    column: 'ack_p99_us',
    height: 5.4,
    colour: 'ink',
    top,
    ticks,
    tick: (value) => (value === 0 ? '0' : usText(value)),
    read: usText,
  },
];

/**
 * The curves; the time of a move is not known where there were none.
 * @param {Rooms} lab
 */
export function historyOf({ history: { ack_p99_us: times, ...rest } }) {
  return { ...rest, ack_p99_us: times.map((time) => time || null) };
}

/**
 * The marks of the server; kills are red. When rooms are killed again and again, their words are left out.
 * @param {Rooms} lab
 * @returns {Mark[]}
 */
export function marksOf(lab) {
  const now = lab.at_ms;
  const recent = lab.marks.filter(({ at_ms: at }) => now - at < SPAN_MS).length;
  return lab.marks.map(({ at_ms, says }) => {
    const isKill = / (killed|crashed)\b/.test(says);
    return { at_ms, kind: isKill ? 'crash' : 'change', word: isKill && recent > WORDS ? '' : says };
  });
}
