// @ts-check
// The line of controls: when a move is acknowledged, the load on all rooms, and a kill a second.
//
// Responsible for: sending each order, showing the current values unless a control is in use, and saying why an order
// was refused.

import { isOff } from '../control.js';
import { find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { set } from '../labs/settings.js';
import { messageOf, tell } from '../server.js';

/** @import { Rooms } from './types.d.ts' */

/** Moves a second in each room; 0 pauses the seeded players. */
export const RATES = [0, 0.2, 0.5, 1, 2, 5, 10, 20];
const SETTLE_MS = 150; // a slider that is being dragged sends only its last value
const HOLD_MS = 1500; // until the snapshot says the new value
const KILL_MS = 1000;
const LONG_MS = 15_000; // a thousand rooms begin to play
const SPANS = /^\d+(\.\d+)?(µs|us|ms|s)$/;

/**
 * What the slider says.
 * @param {number} rate moves a second in each room
 * @param {number} rooms
 * @param {number} [others] moves a second that do not come from this page
 */
export function loadText(rate, rooms, others = 0) {
  if (rate === 0) return others > 0 ? 'none from this page' : 'no load';
  return `${format.count(rooms)} ${rooms === 1 ? 'room' : 'rooms'}, ${format.rate(rate)} moves/s each`;
}

export class Controls {
  #form = find(document, '#controls');
  #slider = findAs(HTMLInputElement, document, '#load');
  #load = find(document, '#load-now');
  #every = findAs(HTMLInputElement, document, '#every');
  #everyBox = find(document, '#every-box');
  #kills = findAs(HTMLInputElement, document, '#kills');
  #rooms = 0;
  #held = 0;
  #isKilling = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /** @param {(text: string, alarm?: boolean) => void} report */
  constructor(report) {
    this.report = report;
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#slider.addEventListener('input', () => this.#choose());
    this.#every.addEventListener('change', () => this.#delay());
    find(document, '#backup').addEventListener('change', ({ target }) => {
      if (target instanceof HTMLInputElement) this.#set({ backup: target.value });
    });
    setInterval(() => this.#strike(), KILL_MS);
  }

  /** @param {Rooms} lab */
  update({ backup, backup_every_ms: every, now }) {
    const off = isOff();
    this.#rooms = now.rooms;
    for (const input of this.#form.querySelectorAll('input')) if (input.disabled !== off) input.disabled = off;
    this.#everyBox.hidden = backup !== 'after';
    write(this.#load, loadText(this.#chosen, now.rooms, now.moves_s));
    if (performance.now() < this.#held) return;
    for (const radio of this.#form.querySelectorAll('[name="backup"]')) {
      if (radio instanceof HTMLInputElement && radio.checked !== (radio.value === backup))
        radio.checked = radio.value === backup;
    }
    if (document.activeElement !== this.#every) this.#every.value = `${format.rate(every)}ms`;
  }

  /** Moves the load to the next step above or below. @param {number} by 1 or -1 */
  step(by) {
    if (isOff()) return;
    this.#slider.value = String(Number(this.#slider.value) + by);
    this.#choose();
  }

  /** Chooses when a move is acknowledged. @param {string} backup */
  choose(backup) {
    if (isOff()) return;
    const radio = this.#form.querySelector(`[name="backup"][value="${backup}"]`);
    if (radio instanceof HTMLInputElement) radio.checked = true;
    this.#set({ backup });
  }

  get #chosen() {
    return RATES[Number(this.#slider.value)] ?? 0;
  }

  #choose() {
    const words = loadText(this.#chosen, this.#rooms);
    write(this.#load, words);
    this.#slider.setAttribute('aria-valuetext', words);
    clearTimeout(this.#settling);
    const rate = this.#chosen;
    const path = rate === 0 ? 'api/rooms/pause?prefix=' : `api/rooms/play?prefix=&rate=${rate}`;
    this.#settling = setTimeout(() => this.#tell(path, null, 'The load is unchanged'), SETTLE_MS);
  }

  #delay() {
    const text = this.#every.value.trim().replace(/^(\d+(\.\d+)?)$/, '$1ms');
    if (!SPANS.test(text)) return this.report(`“${text}” is no time; for example 10ms`, true);
    this.#set({ backup_every: text });
  }

  /** While the switch is on, kills one room a second. */
  async #strike() {
    if (!this.#kills.checked || this.#isKilling || document.hidden || isOff() || this.#rooms === 0) return;
    this.#isKilling = true;
    const done = await this.#tell('api/rooms/kill', { what: 'random', prefix: '' }, 'No room was killed');
    if (!done) this.#kills.checked = false;
    this.#isKilling = false;
  }

  /** @param {Record<string, string>} settings */
  async #set(settings) {
    this.#held = performance.now() + HOLD_MS;
    try {
      await set('rooms', settings);
      this.report('');
    } catch (error) {
      this.#held = 0;
      this.report(`Not changed: ${messageOf(error)}`, true);
    }
  }

  /**
   * @param {string} path
   * @param {object | null} body
   * @param {string} failed
   */
  async #tell(path, body, failed) {
    try {
      await tell(path, body, { limit: LONG_MS });
      return true;
    } catch (error) {
      this.report(`${failed}: ${messageOf(error)}`, true);
      return false;
    }
  }
}
