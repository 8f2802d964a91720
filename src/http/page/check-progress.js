// @ts-check
// The progress of a check: a line of words, and a bar.
//
// Responsible for: what is said in each stage. Its figures are at the pace that the questions are about,
// as those of the verdict are.

import { element, write } from './dom.js';
import { format } from './format.js';

/** @import { CheckState, Exercise } from './workshop.d.ts' */
/** @import { Progress } from './run.d.ts' */

export class CheckProgress {
  line = element('p', 'pace');
  bar = element('progress', '');
  /** @type {string | null} the name of the load that is being made */
  #load = null;
  #most = 0; // events in the bench when the load was over
  /** @type {number | null} when the compiler was first seen at work */
  #compiling = null;

  /** @param {Exercise['loads']} loads */
  constructor(loads) {
    this.loads = loads;
    this.bar.setAttribute('aria-label', 'Progress of the check');
    this.bar.hidden = true;
  }

  /**
   * @param {CheckState} state
   * @param {boolean} isStopping
   */
  update(state, isStopping) {
    const { running, load } = state;
    this.bar.hidden = !running;
    this.bar.removeAttribute('value');
    if (!running) {
      this.#load = null;
      this.#compiling = null;
      return write(this.line, '');
    }
    if (load !== this.#load) this.#most = 0;
    this.#load = load;
    if (isStopping) return;
    const at = this.loads.findIndex(({ name }) => name === load);
    const name = this.loads.length > 1 && at >= 0 ? `load ${at + 1} of ${this.loads.length}, ${load}: ` : '';
    write(this.line, `${name}${this.#words(state)}`);
  }

  clear() {
    write(this.line, '');
  }

  /** @param {CheckState} state */
  #words({ stage, progress, held }) {
    if (stage === 'preparing') return 'theory and simulation …';
    if (stage === 'code') {
      this.#compiling ??= performance.now();
      const seconds = Math.floor((performance.now() - this.#compiling) / 1000);
      return `compiling and running your code, ${format.seconds(seconds)}; the first time takes one to three minutes`;
    }
    if (stage === 'draining') {
      const left = held ?? 0;
      this.#most = Math.max(this.#most, left);
      this.bar.max = Math.max(1, this.#most);
      this.bar.value = this.#most - left;
      return `sent; ${format.count(left)} ${left === 1 ? 'event' : 'events'} still in the bench`;
    }
    return progress ? answers(progress) : 'starting …';
  }
}

/** @param {Progress} progress */
function answers(progress) {
  const { seconds, answered, in_flight: inFlight, rate } = progress;
  const bad = /** @type {const} */ (['refused', 'failed']).filter((name) => progress[name] > 0);
  return [
    format.seconds(seconds),
    `${format.count(answered)} answered`,
    ...bad.map((name) => `${format.count(progress[name])} ${name}`),
    `${format.count(inFlight)} in flight`,
    format.perSecond(rate),
  ].join(', ');
}
