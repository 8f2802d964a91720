// @ts-check
// The five live charts, and how far they reach back.
//
// Responsible for: which figures each shows, and in which format. The rows are left to timeline.js.

import { find, findAll } from './dom.js';
import { format } from './format.js';
import { MODES } from './modes.js';
import { remembered } from './remembered.js';

/** @import { Board } from './board.js' */
/** @import { Series } from './charts.d.ts' */
/** @import { Snapshot } from './snapshot.d.ts' */
/** @import { Row } from './timeline.js' */

const SPANS = [60, 120, 300]; // seconds
const USUAL = 120;

/**
 * @param {string} part
 * @param {boolean} dash
 * @param {(row: Row, mode: number) => number | null | undefined} get
 * @returns {Series<Row>[]}
 */
const ofModes = (part, dash, get) =>
  MODES.map((mode, index) => ({ name: mode, part, dash, colour: mode, get: (row) => get(row, index) ?? null }));

/**
 * @param {'wait_ms' | 'response_ms'} clock
 * @returns {Series<Row>[]}
 */
const percentiles = (clock) => [
  ...ofModes('p50', false, (row, mode) => row[clock][mode]?.[0]),
  ...ofModes('p99', true, (row, mode) => row[clock][mode]?.[1]),
];

/**
 * @param {string} name
 * @param {(row: Row) => number} get
 * @param {Partial<Series<Row>>} [rest]
 * @returns {Series<Row>}
 */
const gauge = (name, get, rest) => ({ name, colour: name, always: true, get, ...rest });

/**
 * @param {Board<Row>} board
 * @param {() => Snapshot | null} latest
 */
export function addLiveCharts(board, latest) {
  const figure = (/** @type {string} */ id) => find(document, `#chart-${id}`);
  board.add(figure('throughput'), {
    scale: 'log0',
    format: format.rate,
    tick: format.brief,
    series: [
      ...ofModes('arrived', false, (row, mode) => row.in[mode]),
      ...ofModes('finished', true, (row, mode) => row.out[mode]),
    ],
  });
  board.add(figure('depth'), {
    scale: 'linear',
    format: format.count,
    tick: format.brief,
    series: [gauge('depth', (row) => row.depth)],
    reference: { label: 'capacity', get: () => latest()?.queue.capacity },
    named: true,
  });
  board.add(figure('in-use'), {
    scale: 'log0',
    format: format.count,
    tick: format.brief,
    series: [
      gauge('concurrency', (row) => row.concurrency, { step: true, dash: true }),
      gauge('in-use', (row) => row.in_use),
    ],
    reference: { label: 'limit', get: () => latest()?.resource.limit },
    named: true,
  });
  for (const clock of /** @type {const} */ (['wait', 'response'])) {
    board.add(figure(clock), {
      scale: 'log',
      format: format.ms,
      tick: format.msTick,
      series: percentiles(`${clock}_ms`),
    });
  }
}

/**
 * The buttons that say how far the charts reach back.
 * @param {(seconds: number) => void} show
 */
export function chooseSpan(show) {
  const buttons = findAll(document, '[data-span]');
  /** @param {number} seconds */
  const choose = (seconds) => {
    for (const button of buttons) button.setAttribute('aria-pressed', String(Number(button.dataset.span) === seconds));
    show(seconds);
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      remembered.set('span', button.dataset.span ?? '');
      choose(Number(button.dataset.span));
    });
  }
  choose(SPANS.find((seconds) => seconds === Number(remembered.get('span'))) ?? USUAL);
}
