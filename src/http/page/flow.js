// @ts-check
// The flow picture: HTTP, queue, consumers and resource, with what moves between them.
//
// Responsible for: the levels in the nodes. Their figures are left to bindings.js, what moved to
// motion.js, the pipes and particles to flow-canvas.js, the layout of the nodes to style.css.

import { element, find, write } from './dom.js';
import { FlowCanvas } from './flow-canvas.js';
import { format } from './format.js';
import { MODES } from './modes.js';
import { movements, ratesOf } from './motion.js';

/** @import { Palette } from './palette.js' */
/** @import { ConsumerState, QueueState, Snapshot } from './snapshot.d.ts' */
/** @import { Row } from './timeline.js' */

const CELLS = 60; // more slots than this share cells
const NEARLY_FULL = 0.9;

export class Flow {
  /** @type {Snapshot | null} */
  #before = null;
  /** @type {HTMLElement[]} */
  #cells = [];
  #prefersStill = matchMedia('(prefers-reduced-motion: reduce)');

  /**
   * @param {HTMLElement} section
   * @param {Palette} palette
   */
  constructor(section, palette) {
    const stage = find(section, '.stage');
    this.canvas = new FlowCanvas(stage, palette);
    this.queue = find(stage, '[data-node="queue"]');
    this.water = find(stage, '.tank .water');
    this.peak = find(stage, '.tank .peak');
    this.cells = find(stage, '.cells');
    this.gauge = find(stage, '.gauge');
    this.gate = find(stage, '.gate');
    this.async = find(stage, '.lane.async');
  }

  /**
   * @param {Snapshot} snapshot
   * @param {Row | undefined} row the newest row of the charts
   */
  update(snapshot, row) {
    this.#fillQueue(snapshot.queue);
    this.#fillCells(snapshot.consumers);
    this.#fillGauge(snapshot);
    const most = snapshot.config.effective.async.max_in_flight;
    const limited = `answered at once, at most ${format.count(most)} in flight`;
    write(this.async, most > 0 ? limited : 'answered at once, nothing holds it back');
    this.gate.hidden = !snapshot.paused;
    const isShown = !this.#prefersStill.matches && !document.hidden;
    const moved = isShown ? movements(this.#before, snapshot) : [];
    this.canvas.update(ratesOf(row, snapshot.paused), snapshot.paused, moved);
    this.#before = snapshot;
  }

  draw() {
    this.canvas.draw();
  }

  /** @param {QueueState} queue */
  #fillQueue(queue) {
    const { depth, peak_depth: peak, capacity } = queue;
    /** @param {number} value */
    const level = (value) => (capacity > 0 ? Math.sqrt(Math.min(1, value / capacity)) : 0);
    this.water.style.transform = `scaleY(${level(depth).toFixed(3)})`;
    this.peak.style.transform = `translateY(${(-100 * level(peak)).toFixed(1)}%)`;
    this.peak.hidden = peak === 0;
    // A full queue that drains is one short whenever we look. If it has turned events away since the last
    // look, it is full all the same.
    const before = this.#before?.queue;
    const isRefusing = before && queue.refused + queue.dropped > before.refused + before.dropped;
    const isFull = depth >= capacity || (isRefusing && depth > capacity * NEARLY_FULL);
    this.queue.classList.toggle('at-capacity', Boolean(capacity > 0 && isFull));
  }

  /** @param {ConsumerState} consumers */
  #fillCells({ concurrency, busy }) {
    const count = Math.min(concurrency, CELLS);
    if (this.#cells.length !== count) {
      this.#cells = Array.from({ length: count }, () => element('i', ''));
      this.cells.replaceChildren(...this.#cells);
      this.cells.classList.toggle('small', count > 10);
    }
    // The snapshot does not say which slot runs which event: cells fill from the first.
    const full = concurrency > 0 ? (busy / concurrency) * count : 0;
    this.#cells.forEach((cell, index) => {
      const share = Math.max(0, Math.min(1, full - index));
      cell.style.opacity = share > 0 ? String(0.35 + 0.65 * share) : '';
      cell.classList.toggle('busy', share > 0);
    });
  }

  /** @param {Snapshot} snapshot */
  #fillGauge({ resource, modes }) {
    const scale = resource.limit || Math.max(resource.peak_in_use, resource.in_use, 1);
    for (const mode of MODES) {
      const share = Math.min(1, modes[mode].in_use / scale);
      find(this.gauge, `.${mode}`).style.width = `${(share * 100).toFixed(1)}%`;
    }
    const peak = Math.min(1, resource.peak_in_use / scale);
    const line = find(this.gauge, 'em');
    line.style.left = `${(peak * 100).toFixed(1)}%`;
    line.hidden = peak === 0;
  }
}
