// The table of components: one row a stage, with its live state.
//
// Responsible for: which columns there are, what a kind of stage has no figure for, and the share of
// time a stage is busy, which the snapshot does not say: it has only the time since the start.

import { element, format, head, write } from './panels.js';

const WINDOW_S = 0.95; // a second, less what ten snapshots a second may come early
const SILENCE_S = 1.5; // after a longer gap between snapshots, what came before is history

const consumes = ({ kind }) => kind !== 'producer';
const produces = ({ kind }) => kind === 'producer' || kind === 'producer-consumer';
const count = (has, value) => (has ? format.count(value) : '–');

const COLUMNS = [
  { head: 'kind', term: 'kind', words: true, text: (stage) => stage.kind },
  { head: 'state', term: 'state', words: true, text: (stage) => stage.state },
  { head: 'in', term: 'events-in', text: (stage) => count(consumes(stage), stage.events_in) },
  { head: 'out', term: 'events-out', text: (stage) => count(produces(stage), stage.events_out) },
  {
    head: 'wanted',
    term: 'wanted',
    text: wanted,
    detail: (stage) =>
      [
        consumes(stage) && `asks for ${format.count(stage.asked)}`,
        produces(stage) && `is asked for ${format.count(stage.demand)}`,
      ]
        .filter(Boolean)
        .join(', '),
  },
  { head: 'buffered', term: 'buffered', text: (stage) => count(produces(stage), stage.buffered) },
  { head: 'held', term: 'stage-held', text: (stage) => count(consumes(stage), stage.held) },
  {
    head: 'busy',
    term: 'stage-busy',
    text: (_, share) => format.percent(share),
    detail: (stage, slots) =>
      `${format.seconds(stage.busy_s)} since the start${stage.kind === 'pool' ? `, with ${format.count(slots)} at once now` : ''}`,
  },
  { head: 'source', term: 'source', words: true, text: (stage) => stage.source },
];

function wanted(stage) {
  if (consumes(stage) && produces(stage)) return `${format.count(stage.asked)} / ${format.count(stage.demand)}`;
  return format.count(consumes(stage) ? stage.asked : stage.demand);
}

export class ComponentsTable {
  #body = element('tbody', '');
  #rows = [];
  #shape = null;

  constructor(table) {
    const heads = COLUMNS.map((column) => {
      const cell = head(column.head, 'col', column.term);
      cell.classList.toggle('words', Boolean(column.words));
      return cell;
    });
    table.append(element('thead', '', element('tr', '', head('stage', 'col', 'component'), ...heads)), this.#body);
  }

  update({ components = [], consumers = {}, uptime_s: now }) {
    const shape = components.map(({ name, kind }) => `${name} ${kind}`).join();
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#rows = components.map((stage) => new Row(stage));
      this.#body.replaceChildren(...this.#rows.map((row) => row.line));
    }
    for (const [index, stage] of components.entries()) this.#rows[index].update(stage, consumers, now);
  }
}

class Row {
  #busy = new Busy();
  #stage = {};
  #slots = 1;

  constructor({ name }) {
    const cell = (column) => {
      const made = element('td', column.words ? 'words' : '');
      made.dataset.term = column.term;
      if (column.detail) made.detail = () => `${name}: ${column.detail(this.#stage, this.#slots)}`;
      return { column, text: this.#inner(made, column.head) };
    };
    this.cells = COLUMNS.map(cell);
    this.line = element('tr', '', head(name, 'row'), ...this.cells.map(({ text }) => text.closest('td')));
  }

  /** Where a cell's text goes: beside a mark, or into code. */
  #inner(cell, name) {
    if (name === 'state') {
      this.mark = element('i', 'mark');
      const text = element('span', '');
      cell.append(this.mark, text);
      return text;
    }
    return name === 'source' ? cell.appendChild(element('code', '')) : cell;
  }

  update(stage, consumers, now) {
    this.#stage = stage;
    const pool = stage.kind === 'pool';
    this.#slots = pool ? consumers.concurrency : 1;
    const share = this.#busy.share(now, stage, this.#slots, pool ? consumers.busy : 0);
    for (const { column, text } of this.cells) write(text, column.text(stage, share));
    this.mark.className = `mark ${stage.state}`;
  }
}

/**
 * How much of the last second a stage was busy. Its time counts when its code returns, so work that
 * takes long would show as nothing and then as too much. Of a pool we know how many events are in
 * hand, so the time they have taken so far is estimated and added: it grows with each of them, what
 * returns is taken off, and it is no more than work has lately taken.
 */
class Busy {
  #samples = [];
  #inHand = 0;
  #each = Infinity;
  #last = null;

  share(now, stage, slots, running) {
    const last = this.#last;
    const lapse = last ? now - last.now : Infinity;
    if (!(lapse > 0 && lapse < SILENCE_S)) {
      this.#samples = [];
      this.#inHand = 0;
    } else {
      const returned = stage.busy_s - last.busy;
      const events = stage.events_in - stage.held - last.finished;
      if (returned > 0 && events > 0) this.#each = returned / events;
      const grown = Math.max(0, this.#inHand + running * lapse - returned);
      this.#inHand = Math.min(grown, running * this.#each || 0);
    }
    this.#last = { now, busy: stage.busy_s, finished: stage.events_in - stage.held };
    const samples = this.#samples;
    samples.push({ now, busy: stage.busy_s + this.#inHand });
    while (samples.length > 2 && samples[1].now <= now - WINDOW_S) samples.shift();
    const [first] = samples;
    if (!(now - first.now >= WINDOW_S && slots > 0)) return null;
    return Math.max(0, Math.min(1, (samples.at(-1).busy - first.busy) / (now - first.now) / slots));
  }
}
