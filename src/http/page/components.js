// @ts-check
// The table of components: a row for each stage, with its live state.
//
// Responsible for: which columns there are, and which kind of stage has which figures.

import { element, head, write } from './dom.js';
import { format } from './format.js';

/** @import { Component, ConsumerState, Snapshot } from './snapshot.d.ts' */

/**
 * @typedef {object} Column
 * @property {string} head
 * @property {string} term
 * @property {(stage: Component) => string} text
 * @property {boolean} [words] whether it has words, not figures
 * @property {(stage: Component, consumers: ConsumerState) => string} [detail]
 */

/** @param {Component} stage */
const consumes = ({ kind }) => kind !== 'producer';
/** @param {Component} stage */
const produces = ({ kind }) => kind === 'producer' || kind === 'producer-consumer';

/**
 * @param {boolean} has whether this kind of stage has the figure
 * @param {number} value
 */
const count = (has, value) => (has ? format.count(value) : '–');

/** @type {Column[]} */
const COLUMNS = [
  { head: 'kind', term: 'kind', words: true, text: (stage) => stage.kind },
  { head: 'state', term: 'state', words: true, text: (stage) => stage.state },
  { head: 'in', term: 'events-in', text: (stage) => count(consumes(stage), stage.events_in) },
  { head: 'out', term: 'events-out', text: (stage) => count(produces(stage), stage.events_out) },
  { head: 'wanted', term: 'wanted', text: wanted, detail: wantedInWords },
  { head: 'buffered', term: 'buffered', text: (stage) => count(produces(stage), stage.buffered) },
  { head: 'held', term: 'stage-held', text: (stage) => count(consumes(stage), stage.held) },
  { head: 'busy', term: 'stage-busy', text: (stage) => format.percent(stage.busy_share), detail: busyInWords },
  { head: 'source', term: 'source', words: true, text: (stage) => stage.source },
];

/** @param {Component} stage */
function wanted(stage) {
  if (consumes(stage) && produces(stage)) return `${format.count(stage.asked)} / ${format.count(stage.demand)}`;
  return format.count(consumes(stage) ? stage.asked : stage.demand);
}

/** @param {Component} stage */
function wantedInWords(stage) {
  const parts = [];
  if (consumes(stage)) parts.push(`asks for ${format.count(stage.asked)}`);
  if (produces(stage)) parts.push(`is asked for ${format.count(stage.demand)}`);
  return parts.join(', ');
}

/** @type {NonNullable<Column['detail']>} */
function busyInWords({ busy_s: seconds, kind }, { concurrency }) {
  const slots = kind === 'pool' ? `, concurrency ${format.count(concurrency)} now` : '';
  return `${format.seconds(seconds)} since the start${slots}`;
}

export class ComponentsTable {
  #body = element('tbody', '');
  /** @type {Row[]} */
  #rows = [];
  #shape = '';

  /** @param {HTMLElement} table */
  constructor(table) {
    const heads = COLUMNS.map((column) => {
      const cell = head(column.head, 'col', column.term);
      cell.classList.toggle('words', Boolean(column.words));
      return cell;
    });
    table.append(element('thead', '', element('tr', '', head('stage', 'col', 'component'), ...heads)), this.#body);
  }

  /** @param {Snapshot} snapshot */
  update({ components, consumers }) {
    const shape = components.map(({ name, kind }) => `${name} ${kind}`).join();
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#rows = components.map((stage) => new Row(stage, consumers));
      this.#body.replaceChildren(...this.#rows.map((row) => row.line));
    }
    for (const [index, stage] of components.entries()) this.#rows[index].update(stage, consumers);
  }
}

class Row {
  #stage;
  #consumers;
  #mark = element('i', 'mark');

  /**
   * @param {Component} stage
   * @param {ConsumerState} consumers
   */
  constructor(stage, consumers) {
    this.#stage = stage;
    this.#consumers = consumers;
    this.cells = COLUMNS.map((column) => this.#cell(column));
    this.line = element('tr', '', head(stage.name, 'row'), ...this.cells.map(({ cell }) => cell));
  }

  /** @param {Column} column */
  #cell(column) {
    const cell = element('td', column.words ? 'words' : '');
    cell.dataset.term = column.term;
    const { detail } = column;
    if (detail) cell.detail = () => `${this.#stage.name}: ${detail(this.#stage, this.#consumers)}`;
    // The text stands in the cell itself, beside a mark, or in code.
    /** @type {HTMLElement} */
    let text = cell;
    if (column.head === 'state') {
      text = element('span', '');
      cell.append(this.#mark, text);
    } else if (column.head === 'source') text = cell.appendChild(element('code', ''));
    return { column, cell, text };
  }

  /**
   * @param {Component} stage
   * @param {ConsumerState} consumers
   */
  update(stage, consumers) {
    this.#stage = stage;
    this.#consumers = consumers;
    for (const { column, text } of this.cells) write(text, column.text(stage));
    this.#mark.className = `mark ${stage.state}`;
  }
}
