// @ts-check
// The line of controls: the load, the isolation and the slice.
//
// Responsible for: sending a change, showing the current value unless the field is being edited, and saying why a
// change was refused.

import { isOff } from '../control.js';
import { find, findAs } from '../dom.js';
import { messageOf, order } from '../server.js';

/** @import { Jobs } from './types.d.ts' */

const STEPS = [0, 10, 30, 100, 300, 1000, 2000, 3000, 5000, 10_000, 20_000, 30_000, 50_000, 70_000, 100_000];
const SETTLE_MS = 120; // a slider that is being dragged sends only its last value
const HOLD_MS = 1500; // until the snapshot says the new value

export class Controls {
  #form = find(document, '#controls');
  #slider = findAs(HTMLInputElement, document, '#slider');
  /** @type {Record<'workers' | 'rate' | 'fail_share', HTMLInputElement>} */
  #fields = {
    workers: findAs(HTMLInputElement, document, '#workers'),
    rate: findAs(HTMLInputElement, document, '#rate'),
    fail_share: findAs(HTMLInputElement, document, '#fail_share'),
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;
  /** Until when the controls keep what was chosen. */
  #held = 0;
  /** @type {Jobs | null} */
  #jobs = null;

  /** @param {(text: string, alarm?: boolean) => void} report */
  constructor(report) {
    this.report = report;
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#slider.addEventListener('input', () => {
      const workers = STEPS[Number(this.#slider.value)];
      this.#fields.workers.value = workers.toLocaleString('en');
      this.#hold();
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => this.#load({ workers }), SETTLE_MS);
    });
    for (const [name, field] of Object.entries(this.#fields)) {
      field.addEventListener('change', () => this.#typed(name, field.value));
      field.addEventListener('keydown', ({ key }) => {
        if (key === 'Enter') field.blur();
        if (key === 'Escape') this.#reset();
      });
    }
    for (const name of ['isolation', 'slice']) {
      find(document, `#${name}`).addEventListener('change', ({ target }) => {
        if (target instanceof HTMLInputElement) this.#set(name, target.value);
      });
    }
  }

  /** @param {Jobs} jobs */
  update(jobs) {
    this.#jobs = jobs;
    const off = isOff();
    for (const control of this.#form.querySelectorAll('input')) {
      if (control.disabled !== off) control.disabled = off;
    }
    if (performance.now() < this.#held) return;
    this.#reset();
  }

  /** Moves the load to the next step above or below. @param {number} by 1 or -1 */
  step(by) {
    const now = Number(this.#fields.workers.value.replace(/[,\s]/g, ''));
    const next = by > 0 ? STEPS.find((step) => step > now) : STEPS.findLast((step) => step < now);
    if (isOff() || next === undefined) return;
    this.#slider.value = String(STEPS.indexOf(next));
    this.#slider.dispatchEvent(new Event('input'));
  }

  /** Shows the current values, but leaves a field that is being edited alone. */
  #reset() {
    if (!this.#jobs) return;
    const { load, isolation, slice } = this.#jobs;
    const nearest = STEPS.reduce((best, step, at) => (step <= load.workers ? at : best), 0);
    if (document.activeElement !== this.#slider || performance.now() > this.#held) this.#slider.value = String(nearest);
    const texts = {
      workers: load.workers.toLocaleString('en'),
      rate: String(load.rate),
      fail_share: String(Number((100 * load.fail_share).toPrecision(4))),
    };
    for (const [name, field] of Object.entries(this.#fields)) {
      const text = texts[/** @type {keyof typeof texts} */ (name)];
      if (document.activeElement !== field && field.value !== text) field.value = text;
    }
    this.#choose('isolation', isolation);
    this.#choose('slice', String(slice.reductions));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #choose(name, value) {
    for (const radio of this.#form.querySelectorAll(`[name="${name}"]`)) {
      if (!(radio instanceof HTMLInputElement)) continue;
      const isChosen = radio.value === value;
      if (radio.checked !== isChosen) radio.checked = isChosen;
    }
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #typed(name, text) {
    const bare = text.replace(/[,\s]/g, '');
    const isShare = name === 'fail_share' && bare !== '' && !Number.isNaN(Number(bare));
    this.#hold();
    this.#load({ [name]: isShare ? String(Number(bare) / 100) : bare });
  }

  /** @param {Record<string, any>} change */
  async #load(change) {
    await this.#send('api/jobs/load', change, 'The load is unchanged');
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  async #set(name, value) {
    this.#hold();
    const toml = name === 'isolation' ? `jobs.isolation = "${value}"` : `jobs.${name} = ${value}`;
    await this.#send('api/config', { toml }, `Not changed`);
  }

  #hold() {
    this.#held = performance.now() + HOLD_MS;
  }

  /**
   * @param {string} path
   * @param {Record<string, any>} fields
   * @param {string} failed
   */
  async #send(path, fields, failed) {
    try {
      await order(path, fields);
      this.report('');
    } catch (error) {
      this.#held = 0;
      this.report(`${failed}: ${messageOf(error)}`, true);
    }
  }
}
