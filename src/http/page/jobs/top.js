// @ts-check
// The live jobs: the busiest first, then all workers in one row.
//
// Responsible for: one row per job, which stays the same element while the job lives, and the job killed last.

import { isOff } from '../control.js';
import { element, find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { inputText, short, turnText } from './words.js';

/** @import { Job, Jobs } from './types.d.ts' */

const FEW = 3;
const GONE_MS = 20_000;

/** @typedef {{ open: (id: number) => void, kill: (id: number) => void, isOwn: (id: number) => boolean }} Orders */

class Row {
  id = element('td', '');
  input = element('td', 'mono');
  version = element('td', 'opt');
  share = element('span', '');
  bar = element('i', '');
  reductions = element('td', 'num opt');
  longest = element('td', 'num opt');
  age = element('td', 'num');
  last = element('td', 'num last');
  node;

  /** @param {string} className */
  constructor(className) {
    const core = element('td', 'num', element('div', 'share', element('div', 'meter', this.bar), this.share));
    const cells = [this.id, this.input, this.version, core, this.reductions, this.longest, this.age, this.last];
    this.node = element('tr', className, ...cells);
  }

  /** @param {number} share */
  core(share) {
    write(this.share, format.percent(share));
    const width = `${Math.min(100, 100 * share).toFixed(1)}%`;
    if (this.bar.style.width !== width) this.bar.style.width = width;
  }
}

class JobRow extends Row {
  open = element('button', 'open', 'Open');
  kill = element('button', 'end-it orders', 'Kill');
  number = element('b', '');
  whose = element('span', 'whose');

  /**
   * @param {number} id
   * @param {Orders} orders
   */
  constructor(id, orders) {
    super('job');
    this.open.type = this.kill.type = 'button';
    this.open.addEventListener('click', () => orders.open(id));
    this.kill.addEventListener('click', () => orders.kill(id));
    this.id.append(this.number, this.whose);
    this.last.append(this.open, this.kill);
    this.orders = orders;
    write(this.number, `#${id}`);
  }

  /**
   * @param {Job} job
   * @param {number} opened
   */
  update(job, opened) {
    const isFuel = job.isolation === 'fuel';
    const whose = this.orders.isOwn(job.id) ? ' yours' : { you: '', load: ' load', resource: ' bench' }[job.by];
    write(this.whose, whose ?? '');
    write(this.input, `sum(${inputText(job.input)})`);
    if (this.input.title !== job.input) this.input.title = job.input;
    write(this.version, `v${job.version}`);
    this.core(job.core);
    write(this.reductions, short(job.reductions_s));
    write(this.longest, isFuel ? turnText(job.longest_us) : '1, no end');
    write(this.age, format.age(job.age_ms));
    this.node.classList.toggle('opened', opened === job.id);
    this.open.setAttribute('aria-pressed', String(opened === job.id));
    write(this.open, opened === job.id ? 'Close' : 'Open');
    this.open.setAttribute('aria-label', `${this.open.textContent} job ${job.id}`);
    const words = job.kill === 'no_effect' ? 'no effect' : job.kill === 'asked' ? 'killing' : 'Kill';
    write(this.kill, words);
    this.kill.setAttribute('aria-label', `${words}: job ${job.id}`);
    this.kill.disabled = words !== 'Kill' || isOff();
  }
}

export class Top {
  /** @type {Map<number, JobRow>} */
  #rows = new Map();
  #body = find(document, '#top tbody');
  #all = findAs(HTMLButtonElement, document, '#all');
  #rest = new Row('rest');
  #gone = new Row('gone');
  #goneAt = -Infinity;
  #isLong = false;
  /** The id of the job that is open, or 0. */
  opened = 0;

  /** @param {Orders} orders */
  constructor(orders) {
    this.orders = orders;
    this.#all.addEventListener('click', () => {
      this.#isLong = !this.#isLong;
      this.#all.setAttribute('aria-expanded', String(this.#isLong));
    });
  }

  /**
   * Keeps a killed job in the list for a while.
   * @param {Job} job
   */
  killed(job) {
    const row = this.#gone;
    this.#goneAt = performance.now();
    write(row.id, `#${job.id}`);
    write(row.input, `sum(${inputText(job.input)})`);
    write(row.version, `v${job.version}`);
    row.core(0);
    write(row.reductions, '–');
    write(row.longest, job.isolation === 'fuel' ? turnText(job.longest_us) : '–');
    write(row.age, format.age(job.age_ms));
    write(row.last, 'killed');
  }

  /** @param {Jobs} jobs */
  update({ top, others, code }) {
    const shown = top.slice(0, this.#isLong ? top.length : FEW);
    const open = top.find(({ id }) => id === this.opened);
    if (open && !shown.includes(open)) shown.push(open);
    const rows = this.#settled(shown).map((job) => {
      const row = this.#rows.get(job.id) ?? new JobRow(job.id, this.orders);
      this.#rows.set(job.id, row);
      row.update(job, this.opened);
      return row.node;
    });
    for (const id of this.#rows.keys()) if (!shown.some((job) => job.id === id)) this.#rows.delete(id);
    this.#others(others, code.version, top.length);
    const isGone = performance.now() - this.#goneAt < GONE_MS;
    this.#place([...rows, ...(isGone ? [this.#gone.node] : []), this.#rest.node]);
    const more = top.length - FEW;
    this.#all.hidden = more <= 0;
    write(this.#all, this.#isLong ? 'Show 3' : `and ${more} more`);
  }

  /**
   * Keeps the rows in their places while the pointer or the focus is among them, so that a click on Kill cannot meet
   * another job.
   * @param {Job[]} jobs
   */
  #settled(jobs) {
    if (!this.#body.matches(':hover, :focus-within')) return jobs;
    const places = [...this.#body.children];
    /** @param {Job} job */
    const place = ({ id }) => {
      const row = this.#rows.get(id);
      return row ? places.indexOf(row.node) : places.length;
    };
    return [...jobs].sort((a, b) => place(a) - place(b));
  }

  /** Moves only rows that are not in their place: a moved element would lose its focus. @param {Element[]} rows */
  #place(rows) {
    rows.forEach((row, index) => {
      if (this.#body.children[index] !== row) this.#body.insertBefore(row, this.#body.children[index] ?? null);
    });
    while (this.#body.children.length > rows.length) this.#body.lastElementChild?.remove();
  }

  /**
   * @param {Jobs['others']} others
   * @param {number} version
   * @param {number} above
   */
  #others({ count, core, reductions_s: reductions, longest_us: longest, late }, version, above) {
    const row = this.#rest;
    write(row.id, format.count(count));
    write(row.input, above ? 'others' : count === 1 ? 'worker' : 'workers');
    write(row.version, `v${version}`);
    row.core(core);
    write(row.reductions, short(reductions));
    write(row.longest, longest ? turnText(longest) : '–');
    write(row.age, late ? `${format.count(late)} due` : '–');
  }
}
