// @ts-check
// The curves of the last minute.
//
// Responsible for: the content of each curve, and the marks on them.

import { format } from '../format.js';
import { ticksTo, usual } from '../labs/axis.js';
import { usText } from './figures.js';

/** @import { Panel } from '../labs/score.js' */
/** @import { Mark, Series } from '../labs/series.js' */
/** @import { Rooms } from './types.d.ts' */

const SPAN_MS = 60_000;
const WORDS = 6; // more marks than this in a minute are drawn without their words

/** @param {(number | null)[]} values */
const top = (values) => ticksTo((usual(values) || 1) * 1.1).at(-1) ?? 1;
/** @param {number} most */
const ticks = (most) => [0, most / 2, most];

/**
 * A time at the axis, which has room for few digits.
 * @param {number} us
 */
function briefTime(us) {
  if (us === 0) return '0';
  return us < 1000 ? usText(us) : `${Math.round(us / 100) / 10}\u202fms`;
}

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
    tick: briefTime,
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
 * The marks of the server that a series does not have yet; kills are red.
 * @param {Rooms} lab
 * @param {Series} series
 * @returns {Mark[]}
 */
export function marksOf({ marks }, series) {
  const known = new Set(series.marks.map(({ at_ms: at }) => at));
  return marks
    .filter(({ at_ms: at }) => !known.has(at))
    .map(({ at_ms, says }) => ({ at_ms, kind: / (killed|crashed)\b/.test(says) ? 'crash' : 'change', word: says }));
}

/**
 * Leaves out the words of kills while rooms are killed again and again.
 * @param {Series} series
 */
export function quieten({ marks, now }) {
  const recent = marks.filter(({ kind, at_ms: at }) => kind === 'crash' && now - at < SPAN_MS);
  if (recent.length > WORDS) for (const mark of recent) mark.word = '';
}
