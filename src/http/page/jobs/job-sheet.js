// @ts-check
// One job in detail: its stack, a trace of its calls, and the button that kills it.
//
// Responsible for: asking the server for both, and saying why either is missing. The names of functions come from
// user code, so they are untrusted text.

import { element, write } from '../dom.js';
import { format } from '../format.js';
import { ask, messageOf } from '../server.js';
import { inputText, short } from './words.js';

/** @import { SideSheet } from '../labs/sheet.js' */
/** @import { Inspection, Job, Jobs, Trace } from './types.d.ts' */

const CALLS = 50;
const TRACE_MS = 1000;
const ASK_MS = 6000;

export class JobSheet {
  /** The id of the job, or 0. */
  id = 0;
  /** @type {Job | null} the job as last seen */
  #job = null;
  #asked = 0; // an older answer is not shown
  #about = element('p', 'muted about');
  #said = element('p', 'said');
  #kill = element('button', 'kill orders', 'Kill');
  #again = element('button', 'plain end', 'Again');
  #stack = element('ol', 'stack mono');
  #took = element('small', '');
  #trace = element('div', 'trace mono');

  /**
   * @param {SideSheet} sheet
   * @param {{ kill: (job: Job) => Promise<string>, closed: () => void }} orders
   */
  constructor(sheet, orders) {
    this.sheet = sheet;
    this.orders = orders;
    this.#kill.type = this.#again.type = 'button';
    this.#kill.addEventListener('click', () => this.kill());
    this.#again.addEventListener('click', () => this.#look());
    this.#said.setAttribute('role', 'status');
    this.#trace.tabIndex = 0;
    this.#trace.setAttribute('role', 'region');
    this.#trace.setAttribute('aria-label', 'Trace');
  }

  /** @param {Job} job */
  open(job) {
    this.id = job.id;
    this.#job = job;
    const close = element('button', 'plain end', 'Close');
    close.type = 'button';
    close.addEventListener('click', () => this.sheet.close());
    const part = (
      /** @type {string} */ title,
      /** @type {string} */ term,
      /** @type {(Node | string)[]} */ ...more
    ) => {
      const head = element('h2', '', title);
      head.dataset.term = term;
      return element('div', 'cap', head, ...more);
    };
    this.#kill.dataset.term = 'kill';
    const content = [
      element(
        'section',
        '',
        element(
          'div',
          'row',
          element('h2', '', `#${job.id}`),
          element('code', '', `sum(${inputText(job.input)})`),
          close,
        ),
        this.#about,
        element(
          'div',
          'row act',
          this.#kill,
          element('small', 'orders', 'ends the job after its turn and tells its submitter'),
        ),
        this.#said,
      ),
      element(
        'section',
        '',
        part('Stack', 'stack', element('small', '', 'between two turns, innermost first')),
        this.#stack,
      ),
      element('section', 'fill', part('Trace', 'trace', this.#took, this.#again), this.#trace),
    ];
    write(this.#said, '');
    this.#stack.replaceChildren();
    this.#trace.replaceChildren();
    this.#kill.disabled = this.#again.disabled = false;
    this.sheet.open(`job ${job.id}`, `Job ${job.id}`, content, () => {
      this.id = 0;
      this.orders.closed();
    });
    this.#update(job);
    this.#look();
  }

  /** @param {Jobs} jobs */
  update({ top }) {
    if (this.id === 0) return;
    const job = top.find(({ id }) => id === this.id);
    if (job) {
      this.#job = job;
      this.#update(job);
    } else if (!this.#kill.disabled) {
      this.#end('This job has ended, or other jobs burn more.');
    }
  }

  /** Kills the job that is open. */
  async kill() {
    const job = this.#job;
    if (this.id === 0 || !job || this.#kill.disabled) return;
    this.#kill.disabled = true;
    try {
      this.#end(await this.orders.kill(job));
    } catch (error) {
      this.#kill.disabled = false;
      this.#say(`Not killed: ${messageOf(error)}`, true);
    }
  }

  /** @param {string} words */
  #end(words) {
    this.#kill.disabled = this.#again.disabled = true;
    write(this.#about, '');
    this.#say(words);
  }

  /**
   * @param {string} words
   * @param {boolean} [alarm]
   */
  #say(words, alarm = false) {
    write(this.#said, words);
    this.#said.classList.toggle('alarm', alarm);
  }

  /** @param {Job} job */
  #update({ core, reductions_s: reductions, slices, age_ms: age }) {
    const burns =
      reductions !== null ? `${short(reductions)} reductions/s · ${format.count(slices)} turns in ` : 'for ';
    write(this.#about, `${format.percent(core)} of a core · ${burns}${format.age(age)}`);
  }

  async #look() {
    const { id } = this;
    this.#asked += 1;
    const mine = this.#asked;
    this.#again.disabled = true;
    if (this.#job && this.#job.isolation !== 'fuel') {
      const { isolation } = this.#job;
      return this.#say(`No stack and no trace: a job in isolation ${isolation} cannot be interrupted.`, true);
    }
    write(this.#took, 'tracing …');
    try {
      /** @type {Inspection} */
      const seen = await ask(`api/jobs/${id}?calls=${CALLS}&for_ms=${TRACE_MS}`, ASK_MS);
      if (mine !== this.#asked || this.id !== id) return;
      this.#stack.replaceChildren(...stackRows(seen.stack));
      write(this.#took, traceWords(seen.trace));
      const cells = seen.trace ? traceCells(seen.trace) : [];
      this.#trace.style.gridTemplateColumns = cells.length ? `repeat(${columnsOf(seen.trace)}, auto)` : '';
      this.#trace.replaceChildren(...cells);
    } catch (error) {
      if (mine !== this.#asked || this.id !== id) return;
      write(this.#took, '');
      this.#trace.replaceChildren();
      this.#say(`No stack and no trace: ${messageOf(error)}`, true);
    } finally {
      if (mine === this.#asked) this.#again.disabled = this.#kill.disabled;
    }
  }
}

const DEEP = 24;

/** @param {string[]} stack the innermost function first */
function stackRows(stack) {
  const rows = stack.map((name, index) => {
    const role = index === 0 ? 'innermost' : index === stack.length - 1 ? 'began the job' : '';
    return element('li', '', element('span', 'name', name), element('span', 'muted', role));
  });
  if (rows.length === 0) return [element('li', '', element('span', 'muted', 'no function yet'))];
  if (rows.length <= DEEP) return rows;
  const more = element('li', '', element('span', 'muted', `… ${rows.length - DEEP} more …`));
  return [...rows.slice(0, DEEP / 2), more, ...rows.slice(-DEEP / 2)];
}

/** @param {Trace | null} trace */
function traceWords(trace) {
  if (!trace) return '';
  const { calls, took_ms: took, ended } = trace;
  if (ended === 'job') return `${calls.length} calls, then the job ended`;
  if (calls.length === 0) return `no call within ${format.ms(took)}: it loops inside this function`;
  return `${calls.length} ${calls.length === 1 ? 'call' : 'calls'} in ${format.ms(took)}`;
}

/**
 * The calls as cells of a grid. An argument that changes from call to call is marked.
 * @param {Trace} trace
 */
function traceCells({ calls }) {
  if (calls.length === 0) return [];
  const width = Math.max(...calls.map((call) => call.length));
  const moves = Array.from({ length: width }, (_, column) => calls.some((call) => call[column] !== calls[0][column]));
  const first = moves.findIndex((isMoving, column) => column > 0 && isMoving);
  const names = ['', 'function', 'argument 1', '2', '3', ''];
  const heads = Array.from({ length: width + 1 }, (_, column) =>
    element('span', column === 1 ? 'head name' : 'head', names[column] ?? ''),
  );
  const cells = calls.flatMap((call, index) => [
    element('span', 'no', String(index + 1)),
    ...Array.from({ length: width }, (_, column) => {
      const kind = column === 0 ? 'name' : column === first ? 'moves' : moves[column] ? '' : 'muted';
      return element('span', kind, inputText(call[column] ?? ''));
    }),
  ]);
  return [...heads, ...cells];
}

/** The columns of the grid. @param {Trace | null} trace */
function columnsOf(trace) {
  return 1 + Math.max(...(trace?.calls ?? []).map((call) => call.length));
}
