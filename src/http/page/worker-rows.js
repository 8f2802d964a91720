// @ts-check
// The workers of a pool one by one: the event in hand and its age, and the prefetched events.
//
// Responsible for: rows that stay in place while workers come and go, one tab stop for all their buttons, and
// the line that sums up the workers without a row.

import { element, write } from './dom.js';
import { format } from './format.js';

/** @import { RestOfWorkers, StageNode, WorkerNode } from './tree.d.ts' */

const MOST_IDS = 6; // prefetched events that a row names

/**
 * @typedef {object} Row
 * @property {number} id
 * @property {HTMLElement} line
 * @property {HTMLElement} name
 * @property {HTMLElement} bar
 * @property {HTMLElement} event
 * @property {HTMLElement} next
 * @property {HTMLButtonElement} kill
 */

export class WorkerRows {
  /** @type {Row[]} */
  #rows = [];
  #rest = element('li', 'rest');
  caption = element('p', 'words');

  /** @param {(worker: number) => void} kill */
  constructor(kill) {
    this.kill = kill;
    this.list = element('ul', 'workers');
    this.list.hidden = true;
    this.list.setAttribute('aria-label', 'Workers');
    this.list.addEventListener('keydown', (event) => this.#move(event));
  }

  /**
   * @param {StageNode} node
   * @param {number} mean the mean service time, in milliseconds
   * @param {string} hindrance why no worker can be killed
   */
  take({ workers, rest }, mean, hindrance) {
    this.list.hidden = workers.length === 0;
    this.caption.hidden = workers.length === 0;
    write(
      this.caption,
      `Workers: the bar is the age of the event in hand, full at the mean service time, ${format.ms(mean)}`,
    );
    if (workers.length !== this.#rows.length) this.#resize(workers.length);
    for (const [index, worker] of placed(workers, this.#rows).entries()) {
      this.#show(this.#rows[index], worker, mean, hindrance);
    }
    this.#rest.hidden = rest === null;
    if (rest) write(this.#rest, summed(rest));
  }

  /** @param {number} count */
  #resize(count) {
    while (this.#rows.length > count) this.#rows.pop();
    while (this.#rows.length < count) this.#rows.push(this.#row());
    if (!this.#rows.some(({ kill }) => kill.tabIndex === 0)) {
      for (const [index, { kill }] of this.#rows.entries()) kill.tabIndex = index === 0 ? 0 : -1;
    }
    this.list.replaceChildren(...this.#rows.map(({ line }) => line), this.#rest);
  }

  /** @returns {Row} */
  #row() {
    const [name, event, next] = [element('b', ''), element('span', 'event'), element('span', 'next')];
    const bar = element('i', '');
    const kill = element('button', '', 'Kill');
    kill.type = 'button';
    kill.tabIndex = -1;
    const age = element('span', 'age', bar);
    const line = element('li', '', name, age, event, next, kill);
    const row = { id: -1, line, name, bar, event, next, kill };
    kill.addEventListener('click', () => this.kill(row.id));
    return row;
  }

  /**
   * @param {Row} row
   * @param {WorkerNode} worker
   * @param {number} mean
   * @param {string} hindrance
   */
  #show(row, worker, mean, hindrance) {
    if (row.id !== worker.id) {
      row.id = worker.id;
      write(row.name, String(worker.id));
      row.kill.setAttribute('aria-label', `Kill worker ${worker.id}`);
    }
    const share = worker.age_ms === null || mean <= 0 ? 0 : worker.age_ms / mean;
    row.bar.style.width = `${Math.round(Math.min(1, share) * 100)}%`;
    row.line.className = share > 1 ? 'late' : worker.event === null ? 'idle' : '';
    write(row.event, eventOf(worker));
    write(row.next, prefetched(worker));
    row.kill.disabled = Boolean(hindrance);
    row.kill.title = hindrance || 'Abort it at once: its event fails, and its prefetched events go back.';
  }

  /** Moves along the buttons by arrow keys. @param {KeyboardEvent} event */
  #move(event) {
    const at = this.#rows.findIndex(({ kill }) => kill === document.activeElement);
    const last = this.#rows.length - 1;
    /** @type {Record<string, number>} */
    const to = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last };
    if (at < 0 || !(event.key in to)) return;
    event.preventDefault();
    this.#rows[at].kill.tabIndex = -1;
    const { kill } = this.#rows[to[event.key]];
    kill.tabIndex = 0;
    kill.focus();
  }
}

/**
 * The workers in the order of the rows: each keeps its row, and new workers take the rows of ended ones.
 * @param {WorkerNode[]} workers
 * @param {{ id: number }[]} rows as many as there are workers
 * @returns {WorkerNode[]}
 */
export function placed(workers, rows) {
  const left = new Map(workers.map((worker) => [worker.id, worker]));
  /** @type {(WorkerNode | undefined)[]} */
  const places = rows.map(({ id }) => {
    const worker = left.get(id);
    left.delete(id);
    return worker;
  });
  const fresh = [...left.values()].sort((a, b) => a.id - b.id);
  return places.map((worker) => worker ?? fresh.shift()).filter((worker) => worker !== undefined);
}

/** @param {WorkerNode} worker */
function eventOf({ event, age_ms: age, at_door: atDoor }) {
  if (event === null) return 'waits for an event';
  if (atDoor) return `event ${event}, at the resource's door`;
  return `event ${event}, ${format.age(age)}`;
}

/** @param {WorkerNode} worker */
function prefetched({ held, prefetched: ids }) {
  if (held === 0) return '';
  const named = ids.slice(0, MOST_IDS);
  return `${format.count(held)} prefetched: ${named.join(' ')}${held > named.length ? ' …' : ''}`;
}

/** @param {RestOfWorkers} rest */
function summed({ workers, busy, held }) {
  return `and ${format.count(workers)} more: ${format.count(busy)} busy, ${format.count(held)} prefetched`;
}
