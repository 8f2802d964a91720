// @ts-check
// The line of controls: play, pause, stop and again, the rate of events, and what happens to a slow watcher.
//
// Responsible for: sending each order, showing the current values unless a control is in use, and saying why an order
// was refused.

import { isOff } from '../control.js';
import { find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { set } from '../labs/settings.js';
import { messageOf, order } from '../server.js';

/** @import { Match, Play } from './types.d.ts' */

export const RATES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const USUAL = 2; // events a second
const SETTLE_MS = 150; // a slider that is being dragged sends only its last value
const HOLD_MS = 1500; // until the snapshot says the new value
const SCORERS = [9, 10, 11, 7, 8, 6];

/** @typedef {'home' | 'away'} Side */

export class Controls {
  #form = find(document, '#controls');
  #play = findAs(HTMLButtonElement, document, '#play');
  #stop = findAs(HTMLButtonElement, document, '#stop');
  #again = findAs(HTMLButtonElement, document, '#again');
  #slider = findAs(HTMLInputElement, document, '#rate');
  #rate = find(document, '#rate-now');
  #goals = {
    home: findAs(HTMLButtonElement, document, '#goal-home'),
    away: findAs(HTMLButtonElement, document, '#goal-away'),
  };
  #scorers = { home: 0, away: 0 };
  /** @type {Match | null} */
  #match = null;
  /** Until when the slider and the policy keep what was chosen. */
  #held = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /**
   * @param {string} path of the match in the API
   * @param {(text: string, alarm?: boolean) => void} report
   */
  constructor(path, report) {
    this.path = path;
    this.report = report;
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#play.addEventListener('click', () => this.toggle());
    this.#stop.addEventListener('click', () => this.#order('stop', 'The match goes on'));
    this.#again.addEventListener('click', () => this.#order('again', 'No new match'));
    this.#slider.addEventListener('input', () => this.#choose());
    for (const side of /** @type {Side[]} */ (['home', 'away']))
      this.#goals[side].addEventListener('click', () => this.goal(side));
    find(document, '#behind').addEventListener('change', ({ target }) => {
      if (target instanceof HTMLInputElement) this.#policy(target.value);
    });
  }

  /** @param {Match} match */
  update(match) {
    this.#match = match;
    const off = isOff();
    const { playing, period, rate, home, away } = match.match;
    const isUnderWay = period !== 'not begun' && period !== 'over';
    this.#play.classList.toggle('is-playing', playing);
    write(this.#play, playing ? 'Pause' : 'Play');
    const states = new Map([
      [this.#play, off],
      [this.#stop, off || !isUnderWay],
      [this.#again, off || period !== 'over'],
      [this.#goals.home, off || !isPlayed(match.match)],
      [this.#goals.away, off || !isPlayed(match.match)],
    ]);
    for (const [button, isDisabled] of states) if (button.disabled !== isDisabled) button.disabled = isDisabled;
    for (const input of this.#form.querySelectorAll('input')) if (input.disabled !== off) input.disabled = off;
    this.#goals.home.setAttribute('aria-label', `A goal for ${home}`);
    this.#goals.away.setAttribute('aria-label', `A goal for ${away}`);
    if (performance.now() < this.#held) return;
    if (playing && document.activeElement !== this.#slider) this.#slider.value = String(stepOf(rate));
    write(this.#rate, rateText(playing ? rate : this.#chosen));
    for (const radio of this.#form.querySelectorAll('[name="behind"]')) {
      if (radio instanceof HTMLInputElement && radio.checked !== (radio.value === match.behind))
        radio.checked = radio.value === match.behind;
    }
  }

  /** Plays the match, or pauses it. */
  async toggle() {
    if (!this.#match || isOff()) return;
    if (this.#match.match.playing) return this.#order('pause', 'The match goes on');
    await this.#order('play', 'The match is not played', { rate: this.#chosen });
  }

  /** Moves the rate to the next step above or below. @param {number} by 1 or -1 */
  step(by) {
    if (isOff()) return;
    this.#slider.value = String(Number(this.#slider.value) + by);
    this.#choose();
  }

  /** Has a team score. @param {Side} side */
  async goal(side) {
    const match = this.#match?.match;
    if (!match || isOff() || this.#goals[side].disabled) return;
    const player = SCORERS[this.#scorers[side] % SCORERS.length];
    const done = await this.#order('event', 'No goal', {
      kind: 'goal',
      side,
      player,
      minute: Math.max(1, match.minute),
    });
    // A player who was replaced or sent off cannot score, so the next try is another one's.
    if (!done) this.#scorers[side] += 1;
  }

  get #chosen() {
    return RATES[Number(this.#slider.value)] ?? USUAL;
  }

  #choose() {
    write(this.#rate, rateText(this.#chosen));
    this.#slider.setAttribute('aria-valuetext', rateText(this.#chosen));
    this.#hold();
    clearTimeout(this.#settling);
    const rate = this.#chosen;
    if (this.#match?.match.playing)
      this.#settling = setTimeout(() => this.#order('play', 'The rate is unchanged', { rate }), SETTLE_MS);
  }

  /** @param {string} behind */
  async #policy(behind) {
    this.#hold();
    try {
      await set('matches', { behind });
      this.report('');
    } catch (error) {
      this.#held = 0;
      this.report(`Not changed: ${messageOf(error)}`, true);
    }
  }

  #hold() {
    this.#held = performance.now() + HOLD_MS;
  }

  /**
   * Sends an order, and returns whether it was carried out.
   * @param {string} name
   * @param {string} failed
   * @param {Record<string, any>} [fields]
   */
  async #order(name, failed, fields = {}) {
    try {
      await order(`${this.path}/${name}`, fields);
      this.report('');
      return true;
    } catch (error) {
      this.#held = 0;
      this.report(`${failed}: ${messageOf(error)}`, true);
      return false;
    }
  }
}

/** Whether a half is being played, so that a goal can be scored. @param {Play} play */
function isPlayed({ period }) {
  return period === 'first half' || period === 'second half';
}

/** The step of the slider that is nearest to a rate. @param {number} rate */
export function stepOf(rate) {
  const distance = (/** @type {number} */ one) => Math.abs(Math.log(one / Math.max(rate, 0.001)));
  return RATES.reduce((best, one, at) => (distance(one) < distance(RATES[best]) ? at : best), 0);
}

/** @param {number} rate events a second */
function rateText(rate) {
  return `${format.rate(Number(rate.toPrecision(3)))}\u202fevents/s`;
}
