// @ts-check
// A stage in the tree of components: its figures, its orders, and its workers.
//
// Responsible for: the figures of each kind of stage, and the words for the effect of each order.

import { element, write } from './dom.js';
import { format } from './format.js';
import { WorkerRows } from './worker-rows.js';

/** @import { StageNode } from './tree.d.ts' */
/** @import { Component, ConsumerState } from './snapshot.d.ts' */

/**
 * @typedef {object} Figure
 * @property {string} head
 * @property {string} term
 * @property {(stage: Component) => boolean} [has] whether this kind of stage has it
 * @property {(stage: Component) => string} text
 * @property {(stage: Component, consumers: ConsumerState) => string} [detail]
 */

/**
 * What a row needs besides its own node.
 * @typedef {{ mean: number, now: number, hindrance: string, isOrdering: boolean }} Around
 */

/** @param {Component} stage */
const consumes = ({ kind }) => kind !== 'producer';
/** @param {Component} stage */
const produces = ({ kind }) => kind === 'producer' || kind === 'producer-consumer';

/** @type {Figure[]} */
const FIGURES = [
  { head: 'in', term: 'events-in', has: consumes, text: (stage) => format.count(stage.events_in) },
  { head: 'out', term: 'events-out', has: produces, text: (stage) => format.count(stage.events_out) },
  { head: 'wanted', term: 'wanted', text: wanted },
  { head: 'buffered', term: 'buffered', has: produces, text: (stage) => format.count(stage.buffered) },
  { head: 'held', term: 'stage-held', has: consumes, text: (stage) => format.count(stage.held) },
  { head: 'busy', term: 'stage-busy', text: (stage) => format.percent(stage.busy_share), detail: busyInWords },
  { head: 'restarts', term: 'restarts', text: (stage) => format.count(stage.restarts) },
];

/** What each order would do, by stage. @type {Record<string, Record<string, string>>} */
const EFFECTS = {
  queue: {
    kill: 'Abort it at once. No event is lost: those in the queue stay, those at its gate pass to its successor.',
    restart: 'Restart it. It has nothing to finish, so no event is lost.',
    pause: 'No event leaves the queue until it is resumed.',
    resume: 'Let events leave the queue again.',
  },
  consumers: {
    kill: 'Abort them at once. The events in hand fail; prefetched events go back to the queue.',
    restart: 'Let them finish the events in hand, for up to 3 s, then restart them.',
    pause: 'They begin no event until they are resumed, and give back what they have prefetched.',
    resume: 'Let them begin events again.',
  },
};

/** @param {Component} stage */
function wanted(stage) {
  if (consumes(stage) && produces(stage)) return `${format.count(stage.asked)} / ${format.count(stage.demand)}`;
  return format.count(consumes(stage) ? stage.asked : stage.demand);
}

/** @type {NonNullable<Figure['detail']>} */
function busyInWords({ busy_s: seconds, kind }, { concurrency }) {
  const slots = kind === 'pool' ? `, concurrency ${format.count(concurrency)} now` : '';
  return `${format.seconds(seconds)} since the server started${slots}`;
}

export class StageRow {
  #stage;
  /** @type {ConsumerState | null} */
  #consumers = null;
  #isPaused = false;
  #isKnown = false; // whether the tree has been read, which has the state in more detail
  #mark = element('i', 'mark');
  #state = element('span', '');
  #life = element('span', 'life');

  /**
   * @param {Component} stage
   * @param {(path: string) => void} order sends an order to this stage
   */
  constructor(stage, order) {
    this.#stage = stage;
    this.name = stage.name;
    this.kill = this.#button('Kill', () => order('kill'));
    this.restart = this.#button('Restart', () => order('restart'));
    this.pause = this.#button('Pause', () => order(this.#isPaused ? 'resume' : 'pause'));
    this.workers = new WorkerRows((worker) => order(`workers/${worker}/kill`));
    const acts = element('span', 'do', this.kill, this.restart, this.pause);
    const head = element('p', 'name', this.#mark, element('b', '', stage.name), ` ${stage.kind}, `, this.#state);
    this.figures = FIGURES.filter(({ has }) => has?.(stage) ?? true).map((figure) => this.#figure(figure));
    this.source = element('code', '', stage.source);
    const source = element('div', '', element('dt', '', 'source'), element('dd', '', this.source));
    source.dataset.term = 'source';
    const figures = element('dl', 'numbers', ...this.figures.map(({ line }) => line), source);
    const about = element('div', 'about', head, acts, this.#life);
    this.line = element('li', 'stage', about, figures, this.workers.caption, this.workers.list);
  }

  /**
   * @param {string} text
   * @param {() => void} act
   */
  #button(text, act) {
    const button = element('button', '', text);
    button.type = 'button';
    button.addEventListener('click', act);
    return button;
  }

  /** @param {Figure} figure */
  #figure(figure) {
    const value = element('dd', '');
    const line = element('div', '', element('dt', '', figure.head), value);
    line.dataset.term = figure.term;
    const { detail } = figure;
    if (detail) line.detail = () => (this.#consumers ? detail(this.#stage, this.#consumers) : '');
    return { figure, line, value };
  }

  /**
   * Shows the figures of a snapshot.
   * @param {Component} stage
   * @param {ConsumerState} consumers
   */
  update(stage, consumers) {
    this.#stage = stage;
    this.#consumers = consumers;
    for (const { figure, value } of this.figures) write(value, figure.text(stage));
    write(this.source, stage.source);
    if (!this.#isKnown) this.#show(stage.state, '');
  }

  /**
   * @param {string} state
   * @param {string} since
   */
  #show(state, since) {
    write(this.#state, `${state}${since}`);
    this.#mark.className = `mark ${state}`;
  }

  /**
   * Shows what only the tree contains: the stage's last end, its workers, and the possible orders.
   * @param {StageNode} node
   * @param {Around} around
   */
  take(node, { mean, now, hindrance, isOrdering }) {
    this.#show(node.state, node.since_s === null ? '' : `, up ${format.uptime(now - node.since_s)}`);
    this.#isKnown = true;
    this.#isPaused = node.paused;
    write(this.#life, node.restarts > 0 && node.last_end ? `last ended: ${node.last_end}` : '');
    write(this.pause, node.paused ? 'Resume' : 'Pause');
    const effects = EFFECTS[node.name] ?? {};
    const orders = /** @type {const} */ ([
      [this.kill, 'kill'],
      [this.restart, 'restart'],
      [this.pause, node.paused ? 'resume' : 'pause'],
    ]);
    for (const [button, name] of orders) {
      button.title = hindrance || (effects[name] ?? '');
      button.setAttribute('aria-label', `${button.textContent} ${node.name}`);
      button.disabled = Boolean(hindrance);
      button.setAttribute('aria-busy', String(isOrdering));
    }
    this.workers.take(node, mean, hindrance);
  }
}
