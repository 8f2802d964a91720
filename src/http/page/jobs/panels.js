// @ts-check
// The curves of the jobs lab.
//
// Responsible for: the content of each curve, and axes that stay still while nothing changes.

import { format } from '../format.js';
import { topOf, usual } from '../labs/axis.js';

/** @import { Panel } from '../labs/score.js' */
/** @import { Jobs } from './types.d.ts' */

/**
 * @param {() => Jobs | null} jobs
 * @returns {Panel[]}
 */
export function panels(jobs) {
  const isTall = () => document.documentElement.classList.contains('present');
  return [
    {
      title: 'jobs done a second',
      column: 'rate',
      get height() {
        return isTall() ? 11 : 9.2;
      },
      colour: 'work',
      top: (values) => topOf(Math.max(10, jobs()?.load.target ?? 0, usual(values))),
      ticks: (top) => [0, top / 2.4, top / 1.2],
      tick: (value) => (value >= 1000 ? `${value / 1000}\u202fk` : format.brief(value)),
      read: (value) => `${format.count(value)}/s`,
    },
    {
      title: 'core in use',
      column: 'core',
      get height() {
        return isTall() ? 6 : 5.6;
      },
      colour: 'ink',
      area: true,
      top: (values) => Math.max(1.08, ...values.map((value) => (value ?? 0) * 1.08)),
      ticks: (top) => (top > 1.1 ? [0, 1, Math.floor(top)] : [0, 1]),
      tick: (value) => (value ? format.percent(value) : '0'),
      read: (value) => format.percent(value),
    },
  ];
}
