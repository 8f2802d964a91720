// @ts-check
// Both clocks of a run: the times of its answers as the client saw them, beside those of the server.
//
// Responsible for: showing the clocks that a run has, and saying why one is missing.

import { element, head } from './dom.js';
import { format } from './format.js';

/** @import { ClockTimes, View } from './run-view.js' */

const LETTERS = ['A', 'B', 'C'];
/** @type {[name: string, term: string][]} */
const HEADS = [
  ['answers', 'both-clocks'],
  ['mean', 'both-clocks'],
  ['p50', 'percentiles'],
  ['p90', 'percentiles'],
  ['p99', 'percentiles'],
  ['max', 'percentiles'],
];
/** @type {(keyof ClockTimes)[]} */
const TIMES = ['mean', 'p50', 'p90', 'p99', 'max'];

/**
 * The caption, head and body of the table; empty if no run has any times.
 * @param {(View | undefined)[]} views
 */
export function clockTable(views) {
  const bodies = views.flatMap((view, index) =>
    view?.clocks.client || view?.clocks.server ? [body(view, index)] : [],
  );
  if (!bodies.length) return [];
  const cells = HEADS.map(([name, term]) => {
    const cell = head(name, 'col', term);
    cell.tabIndex = 0;
    cell.setAttribute('aria-describedby', `term-${term}`);
    return cell;
  });
  const first = head('successful answers', 'col', 'both-clocks');
  return [element('thead', '', element('tr', '', first, ...cells)), ...bodies];
}

/**
 * @param {View} view
 * @param {number} index of the letter
 */
function body({ clocks: { client, server } }, index) {
  const mark = () => element('i', `mark ${LETTERS[index]}`);
  /**
   * @param {string} side
   * @param {ClockTimes | null} times
   * @param {string} why it is not there
   */
  const row = (side, times, why) => {
    const name = head('', 'row', 'both-clocks');
    name.append(mark(), `${LETTERS[index]} as the ${side} saw it`);
    if (!times) {
      const none = element('td', 'words none', why);
      none.colSpan = HEADS.length;
      return element('tr', '', name, none);
    }
    const texts = [format.count(times.count), ...TIMES.map((which) => format.ms(times[which]))];
    return element('tr', '', name, ...texts.map((text) => element('td', '', text)));
  };
  const rows = [
    row('client', client, 'not known: the load came from elsewhere, and its client has not reported'),
    row('server', server, 'not known: the load went elsewhere, or another tool reported it'),
  ];
  if (client && server) rows.push(apart(client, server));
  return element('tbody', '', ...rows);
}

/**
 * How much longer the client's times are.
 * @param {ClockTimes} client
 * @param {ClockTimes} server
 */
function apart(client, server) {
  const texts = TIMES.map((which) => {
    const [seen, took] = [client[which], server[which]];
    if (typeof seen !== 'number' || typeof took !== 'number') return '–';
    return `${seen < took ? '−' : '+'}${format.ms(Math.abs(seen - took))}`;
  });
  const cells = ['', ...texts].map((text) => element('td', '', text));
  return element('tr', 'apart', head('the client’s are longer by', 'row', 'both-clocks'), ...cells);
}
