// The percentile curves of the three modes, laid over each other.
//
// Responsible for: fetching them while somebody can see them and they change, at most once a second,
// and which of the two clocks is shown. Drawing is left to charts.js.

import { LogNines } from './axes.js';
import { Board } from './charts.js';
import { ofReadings, rowsOf } from './distribution.js';
import { format, MODES, write } from './panels.js';
import { ask } from './server.js';

const EVERY_MS = 1000;

/** Buttons of which one is pressed; `chosen` is told its value. */
export function choice(group, value, chosen) {
  const buttons = [...group.querySelectorAll('button')];
  const press = (now) => {
    for (const one of buttons) one.setAttribute('aria-pressed', String(one.value === now));
  };
  group.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    press(button.value);
    chosen(button.value);
  });
  press(value);
}

/** Tells whether any of an element is on the screen. */
export class Sight {
  #seen = false;

  constructor(node, appeared = () => {}) {
    new IntersectionObserver(([entry]) => {
      this.#seen = entry.isIntersecting;
      if (this.#seen) appeared();
    }).observe(node);
  }

  get clear() {
    return this.#seen && !document.hidden;
  }
}

export class Curves {
  #clock = 'http';
  #curves = null;
  #shown = ''; // the counts that are drawn
  #asked = -Infinity;
  #asking = false;
  #latest = null;

  constructor(figure, tooltip, palette) {
    this.board = new Board(tooltip, palette, new LogNines());
    this.figure = figure;
    this.said = figure.querySelector('.nothing');
    this.sight = new Sight(figure, () => this.update(this.#latest));
    const series = MODES.map((mode) => ({ name: mode, colour: mode, get: (row) => row.of[mode] ?? null }));
    this.board.add(figure, {
      scale: 'log',
      format: format.ms,
      tick: format.msTick,
      series,
      upright: true,
      tight: true,
    });
    choice(figure.querySelector('.span'), this.#clock, (clock) => {
      this.#clock = clock;
      this.#draw();
    });
  }

  /** Takes a snapshot: it says whether there is anything new to ask for. */
  async update(snapshot) {
    this.#latest = snapshot;
    const counts = MODES.map((mode) => [
      snapshot?.modes?.[mode]?.http_ms?.count,
      snapshot?.modes?.[mode]?.response_ms?.count,
    ]);
    const key = JSON.stringify([counts, snapshot?.ledger?.accepted]);
    const now = performance.now();
    if (!snapshot || !this.sight.clear || this.#asking || key === this.#shown || now - this.#asked < EVERY_MS) return;
    this.#asked = now;
    this.#asking = true;
    try {
      this.#curves = await ask('api/curves');
      this.#shown = key;
    } catch (error) {
      if (!this.#curves) write(this.said, `The curves cannot be had: ${error.message}.`);
      return;
    } finally {
      this.#asking = false;
    }
    this.#draw();
  }

  #draw() {
    if (!this.#curves) return;
    const { percents, modes } = this.#curves;
    const count = (mode) => modes[mode]?.[this.#clock === 'http' ? 'count' : 'response_count'];
    const curve = (mode) => ofReadings(percents, modes[mode]?.[`${this.#clock}_ms`], count(mode));
    this.board.rows = rowsOf(Object.fromEntries(MODES.map((mode) => [mode, curve(mode)])));
    const nothing = this.#clock === 'http' ? 'No request has been answered yet.' : 'No event has finished yet.';
    write(this.said, this.board.rows.length ? '' : nothing);
    this.figure.classList.toggle('blank', this.board.rows.length === 0);
    this.board.redraw();
  }
}
