// @ts-check
// The banner: what needs a person's attention.
//
// Responsible for: a refused edit of the configuration, runs that could not be written to the disk, and a queue
// that cannot store events.

import { element } from './dom.js';

/** @import { ConfigState, KeepingState, QueueState, Snapshot } from './snapshot.d.ts' */

export class Banner {
  #shown = '';

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
  }

  /** @param {Snapshot} snapshot */
  update({ config, keeping, queue }) {
    const warnings = [...refusedEdit(config), ...unwritten(keeping), ...inTrouble(queue)];
    const shown = JSON.stringify(warnings);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.box.replaceChildren(...warnings.flatMap(([what, why]) => [element('h2', '', what), element('pre', '', why)]));
  }
}

/**
 * @param {ConfigState} config
 * @returns {[what: string, why: string][]}
 */
function refusedEdit({ error, generation }) {
  return error === null
    ? []
    : [[`The last edit was refused. Generation ${generation} stays in force, unchanged.`, error]];
}

/**
 * @param {KeepingState} keeping
 * @returns {[what: string, why: string][]}
 */
function unwritten({ error, waiting, lost }) {
  if (error === null) return [];
  const runs = (/** @type {number} */ n) => (n === 1 ? '1 run' : `${n} runs`);
  const first = waiting
    ? `${runs(waiting)} could not be written to disk yet; the server keeps trying.`
    : 'Runs cannot be written to disk.';
  return [[lost ? `${first} ${runs(lost)} had to be discarded.` : first, error]];
}

/**
 * @param {QueueState} queue
 * @returns {[what: string, why: string][]}
 */
function inTrouble({ trouble }) {
  if (!trouble) return [];
  return [['New pipelined requests are refused. Accepted events are kept.', trouble]];
}
