// @ts-check
// The load in the page's head: the button that opens its form, Stop, and what is running.
//
// Responsible for: which of the two buttons is there, and opening the form where it has something to say.
// Starting and stopping are left to load.js.

import { find, findAs, write } from './dom.js';
import { format } from './format.js';
import { Load } from './load.js';

const LOOK_MS = 3000; // how often a load is looked for that was started elsewhere

export class LoadBar {
  #looked = 0;

  /**
   * @param {HTMLElement} header
   * @param {HTMLElement} report where the progress of the load is reported
   * @param {object} calls
   * @param {() => void} calls.ended called when a load has ended
   * @param {(run: string) => void} calls.visit called with the id of a run that is shown
   * @param {(text: string, ago: number) => void} calls.marked called with what happened, and seconds since then
   */
  constructor(header, report, { ended, visit, marked }) {
    this.marked = marked;
    this.panel = find(header, '#load-panel');
    this.open = findAs(HTMLButtonElement, header, '#load-open');
    this.summary = find(this.open, 'span');
    this.stop = findAs(HTMLButtonElement, header, '#load-stop');
    this.plan = find(header, '#plan');
    const seen = (/** @type {string} */ run) => {
      this.panel.hidePopover();
      visit(run);
    };
    this.load = new Load(find(header, '#load'), { ended, visit: seen, changed: () => this.#show() }, report);
    this.open.addEventListener('click', () => this.panel.togglePopover());
    this.stop.addEventListener('click', () => this.load.toggle());
    this.panel.addEventListener('toggle', () => {
      this.open.setAttribute('aria-expanded', String(this.panel.matches(':popover-open')));
    });
    this.#show();
  }

  /** Called with each snapshot. @param {boolean} isBusy whether requests arrive */
  update(isBusy) {
    const now = performance.now();
    this.open.classList.toggle('go', !isBusy); // the one thing to press on an idle page
    if (!isBusy || now - this.#looked < LOOK_MS) return;
    this.#looked = now;
    this.load.look();
  }

  #show() {
    const { load } = this;
    if (!load) return; // it shows its form before it is made
    const { isRunning, state } = load;
    this.stop.hidden = !isRunning;
    this.open.hidden = isRunning;
    write(this.summary, `▸ ${load.summary}`);
    const seconds = state?.progress?.seconds;
    const since = seconds === undefined ? '' : `${format.uptime(seconds)} · `;
    write(this.plan, isRunning && state ? `${since}${state.mode} · ${state.plan}` : '');
    const isOpen = this.panel.matches(':popover-open');
    const isAlarmed = load.said.classList.contains('alarm');
    if (isAlarmed && !this.#wasAlarmed && !isOpen) this.panel.showPopover();
    if (isRunning && !this.#wasRunning && isOpen) this.panel.hidePopover();
    // One load may follow another between two updates.
    const running = isRunning && state ? `${state.mode} · ${state.plan}` : '';
    if (running && running !== this.#marked) this.marked(running, seconds ?? 0);
    if (!running && this.#marked) this.marked('load ended', 0);
    this.#marked = running;
    this.#wasRunning = isRunning;
    this.#wasAlarmed = isAlarmed;
  }

  #marked = ''; // the load that the time axis has marked last
  #wasRunning = false;
  #wasAlarmed = false;
}
