// @ts-check
// The tab of components: the supervisor, its stages and their workers as a tree, and what the labs run.
//
// Responsible for: asking for the tree while it can be seen, sending the orders, and saying what they cost.
// stage-row.js has the rows of stages, worker-rows.js those of workers, lab-list.js the labs.

import { isOff } from './control.js';
import { element, find, write } from './dom.js';
import { format } from './format.js';
import { LabList } from './lab-list.js';
import { ask, messageOf, order } from './server.js';
import { Sight } from './sight.js';
import { StageRow } from './stage-row.js';

/** @import { ComponentTree, OrderReport, SupervisorNode } from './tree.d.ts' */
/** @import { Snapshot } from './snapshot.d.ts' */

const PATH = 'api/components';
const COST_MS = 12_000; // how long the cost is shown beside the ledger

export class ComponentsTab {
  #isAsking = false;
  #isOrdering = false;
  #unreadable = ''; // why the tree cannot be shown
  /** @type {StageRow[]} */
  #rows = [];
  #stages = element('ul', 'stages');
  #labs = new LabList();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clearing;

  /**
   * @param {HTMLElement} section
   * @param {() => void} changed called when the charts have a new mark
   */
  constructor(section, changed) {
    this.changed = changed;
    this.said = find(section, '.cost');
    this.failed = find(section, '.by-order');
    this.supervisor = element('p', 'words');
    this.mark = element('i', 'mark running');
    const name = element('p', 'name', this.mark, element('b', '', 'pipelined'), ' supervisor');
    find(section, '.tree').replaceChildren(name, this.supervisor, this.#stages, this.#labs.node);
    this.sight = new Sight(section, () => this.#ask());
  }

  /** @param {Snapshot} snapshot */
  update({ components, consumers }) {
    if (components.map(({ name }) => name).join() !== this.#rows.map(({ name }) => name).join()) {
      this.#rows = components.map((stage) => new StageRow(stage, (path) => this.#order(stage.name, path)));
      this.#stages.replaceChildren(...this.#rows.map(({ line }) => line));
    }
    for (const [index, stage] of components.entries()) this.#rows[index].update(stage, consumers);
    if (this.sight.clear) this.#ask();
  }

  async #ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#take(await ask(PATH));
      if (this.#unreadable) this.#report('');
      this.#unreadable = '';
    } catch (error) {
      this.#unreadable = `The workers are not up to date: ${messageOf(error)}`;
      this.#report(this.#unreadable, true);
    }
    this.#isAsking = false;
  }

  /** @param {ComponentTree} tree */
  #take({ supervisor, labs, mean_service_ms: mean, uptime_s: now }) {
    this.#labs.take(labs);
    write(this.supervisor, about(supervisor));
    this.mark.className = `mark ${supervisor.state}`;
    const hindrance = hindranceOf(supervisor);
    for (const row of this.#rows) {
      const node = supervisor.stages.find(({ name }) => name === row.name);
      if (node) row.take(node, { mean, now, hindrance, isOrdering: this.#isOrdering });
    }
  }

  /**
   * Sends an order, and says what it cost.
   * @param {string} stage
   * @param {string} what the end of the path
   */
  async #order(stage, what) {
    if (this.#isOrdering) return;
    this.#isOrdering = true;
    this.#report(`${what.split('/').at(-1)} ${stage} …`);
    try {
      /** @type {OrderReport} */
      const report = JSON.parse(await order(`${PATH}/${stage}/${what}`));
      this.#report(sentence(report.said), false, report.failed ?? 0);
    } catch (error) {
      this.#report(`Not done: ${messageOf(error)}`, true);
    }
    this.#isOrdering = false;
    this.changed();
    this.#ask();
  }

  /**
   * @param {string} text
   * @param {boolean} [alarm]
   * @param {number} [failed] events that failed by the order
   */
  #report(text, alarm = false, failed = 0) {
    write(this.said, text);
    this.said.classList.toggle('alarm', alarm);
    write(this.failed, failed > 0 ? `+${format.count(failed)}` : '');
    clearTimeout(this.#clearing);
    if (failed > 0) this.#clearing = setTimeout(() => write(this.failed, ''), COST_MS);
  }
}

/** @param {string} text */
function sentence(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** @param {SupervisorNode} supervisor */
function about({ state, strategy, max_restarts: most, period_s: period }) {
  if (state === 'ended') return 'It has ended, and no stage runs: events wait in the queue. Restart the server.';
  const limit = `After more than ${most} failures within ${format.seconds(period)}, the supervisor gives up`;
  return `${sentence(strategy)} Only the stage that dies is restarted. ${limit}; orders do not count.`;
}

/**
 * Why no order can be given now; empty if one can.
 * @param {SupervisorNode} supervisor
 */
function hindranceOf({ state }) {
  if (isOff()) return 'This page may not change the server: see the line above the tabs.';
  return state === 'ended' ? 'The supervisor has ended. Restart the server.' : '';
}
