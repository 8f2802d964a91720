// @ts-check
// The table of the three modes: a row for each, its counts and its times.
//
// Responsible for: which columns there are, and what a hover says of a cell beyond its term.

import { element, head, write } from './dom.js';
import { format } from './format.js';
import { MODES } from './modes.js';

/** @import { Mode, ModeState, Snapshot, Summary } from './snapshot.d.ts' */

/**
 * @typedef {object} Column
 * @property {string} head
 * @property {string} term
 * @property {(mode: ModeState) => string} text
 * @property {(mode: ModeState) => string} [detail]
 * @property {(mode: ModeState) => boolean} [alarm]
 */

/** @typedef {'http_ms' | 'wait_ms' | 'service_ms' | 'response_ms'} Clock */

/** @param {Summary} times */
const spread = ({ count, mean, p999 }) =>
  `${format.count(count)} measured, mean ${format.ms(mean)}, p99.9 ${format.ms(p999)}`;

/**
 * @param {Clock} clock
 * @param {string} term
 * @param {('p50' | 'p90' | 'p99' | 'max')[]} names
 * @returns {Column[]}
 */
const percentiles = (clock, term, names) =>
  names.map((name) => ({
    head: name,
    term,
    detail: (mode) => spread(mode[clock]),
    text: (mode) => (mode[clock].count ? format.ms(mode[clock][name]) : '–'),
  }));

/** @param {Summary} times */
const errorTimes = ({ count, p50, p99 }) => (count ? `p50 ${format.ms(p50)}, p99 ${format.ms(p99)}` : 'none yet');

/**
 * The columns by groups; a group with a name gets a head that spans its columns.
 * @type {{ group: string, term?: string, columns: Column[] }[]}
 */
const COLUMNS = [
  {
    group: '',
    columns: [
      {
        head: 'arrived',
        term: 'arrived',
        text: (mode) => format.count(mode.arrived),
        detail: (mode) => `${format.count(mode.in_flight)} in flight now, ${format.count(mode.aborted)} aborted`,
      },
      { head: 'answered', term: 'requests', text: (mode) => format.count(mode.requests) },
      { head: 'rate', term: 'rate', text: (mode) => format.perSecond(mode.rate) },
      {
        head: 'errors',
        term: 'errors',
        text: (mode) => format.count(mode.errors),
        alarm: (mode) => mode.errors > 0,
        detail: (mode) =>
          `${format.count(mode.refused)} refused, ${format.count(mode.failed)} failed; server time of errors: ${errorTimes(mode.errors_ms)}`,
      },
      {
        head: 'peak in use',
        term: 'peak-in-use',
        text: (mode) => format.count(mode.peak_in_use),
        detail: (mode) => `${format.count(mode.in_use)} in use now`,
      },
    ],
  },
  { group: 'server time', term: 'http', columns: percentiles('http_ms', 'http', ['p50', 'p90', 'p99', 'max']) },
  { group: 'wait', term: 'wait', columns: percentiles('wait_ms', 'wait', ['p50', 'p99']) },
  { group: 'service', term: 'service', columns: percentiles('service_ms', 'service', ['p50']) },
  { group: 'response', term: 'response', columns: percentiles('response_ms', 'response', ['p50', 'p99']) },
];

export class ModesTable {
  /** @type {{ mode: Mode, column: Column, cell: HTMLTableCellElement }[]} */
  #cells = [];
  /** @type {Snapshot['modes'] | null} */
  #modes = null;

  /** @param {HTMLElement} table */
  constructor(table) {
    const groups = element('tr', '', element('td', ''));
    const heads = element('tr', '', head('mode', 'col'));
    for (const { group, term, columns } of COLUMNS) {
      const over = group ? head(group, 'colgroup', term) : element('td', '');
      over.colSpan = columns.length;
      groups.append(over);
      columns.forEach((column, index) => {
        const cell = head(column.head, 'col', group ? 'percentiles' : column.term);
        cell.classList.toggle('first', index === 0);
        heads.append(cell);
      });
    }
    const body = element('tbody', '', ...MODES.map((mode) => this.#row(mode)));
    table.append(element('thead', '', groups, heads), body);
  }

  /** @param {Mode} mode */
  #row(mode) {
    const name = head('', 'row', mode);
    name.append(element('i', `mark ${mode}`), mode);
    const row = element('tr', '', name);
    for (const { columns } of COLUMNS) {
      columns.forEach((column, index) => {
        const cell = element('td', index === 0 ? 'first' : '');
        cell.dataset.term = column.term;
        // Made when it is pointed at, not ten times a second.
        const { detail } = column;
        if (detail) cell.detail = () => (this.#modes ? `${mode}: ${detail(this.#modes[mode])}` : '');
        this.#cells.push({ mode, column, cell });
        row.append(cell);
      });
    }
    return row;
  }

  /** @param {Snapshot} snapshot */
  update({ modes }) {
    this.#modes = modes;
    for (const { mode, column, cell } of this.#cells) {
      write(cell, column.text(modes[mode]));
      if (column.alarm) cell.classList.toggle('alarm', column.alarm(modes[mode]));
    }
  }
}
