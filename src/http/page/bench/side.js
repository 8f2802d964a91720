// @ts-check
// The three modes as small multiples: what each has done since the last reset, on scales they share.
//
// Responsible for: rate, p50 and p99, the most inside and what was lost, of each mode.

import { element, write } from '../dom.js';
import { MODES } from '../modes.js';
import { brief, percent, rate, whole } from './say.js';

/** @import { Mode, ModeState, Snapshot } from '../snapshot.d.ts' */
/** @import { Figures } from './types.d.ts' */

const SVG = 'http://www.w3.org/2000/svg';
const MANY = 1000; // inside at once, from which on a mode's bar is red
const TIMES = { low: 0.001, high: 100 }; // seconds
const COUNTS = { low: 1, high: 10_000 };

export class Side {
  /** @type {Map<Mode, Way>} */
  #ways = new Map();

  /** @param {HTMLElement} box */
  constructor(box) {
    const heads = /** @type {const} */ ([
      ['done', 'done-rate'],
      ['p50 to p99', 'response'],
      ['most inside', 'peak-in-use'],
    ]);
    for (const [text, term] of heads) {
      const head = box.appendChild(element('div', 'head', text));
      head.dataset.term = term;
    }
    for (const mode of MODES) this.#ways.set(mode, new Way(box, mode));
  }

  /**
   * @param {Snapshot} snapshot
   * @param {Figures} f
   */
  update(snapshot, f) {
    for (const [index, mode] of MODES.entries()) this.#ways.get(mode)?.update(snapshot.modes[mode], f.doneBy[index]);
  }
}

class Way {
  /**
   * @param {HTMLElement} box
   * @param {Mode} mode
   */
  constructor(box, mode) {
    this.mode = mode;
    this.rate = element('small', '');
    this.lost = element('small', 'danger');
    this.name = element('div', 'name', element('i', `mark ${mode}`), mode, this.rate, this.lost);
    this.times = element('b', '');
    this.most = element('b', '');
    this.span = bar();
    this.peak = bar();
    box.append(this.name, element('div', '', this.times, this.span.svg), element('div', '', this.most, this.peak.svg));
  }

  /**
   * @param {ModeState} state
   * @param {number} done a second
   */
  update(state, done) {
    const { response_ms: response, peak_in_use: most, arrived, refused, failed, dropped } = state;
    const lost = arrived > 0 ? (refused + failed + dropped) / arrived : 0;
    this.name.classList.toggle('now', done > 0.05);
    write(this.rate, arrived ? `${rate(done)} /s` : 'not used yet');
    write(this.lost, lost >= 0.005 ? `${percent(lost)} lost` : '');
    const [low, high] = [response.p50 / 1000, response.p99 / 1000];
    write(this.times, response.count ? span(low, high) : '–');
    const [from, to] = response.count ? [share(low, TIMES), share(high, TIMES)] : [0, 0];
    this.span.set(from, response.count ? Math.max(3, to - from) : 0, this.mode);
    write(this.most, most ? whole(most) : '–');
    this.most.classList.toggle('danger', most > MANY);
    this.peak.set(0, most ? Math.max(2, share(most, COUNTS)) : 0, most > MANY ? 'danger' : this.mode);
  }
}

/**
 * A place on a logarithm that all modes share, in hundredths.
 * @param {number} value
 * @param {{ low: number, high: number }} scale
 */
function share(value, { low, high }) {
  return 100 * Math.max(0, Math.min(1, Math.log(Math.max(value, 1e-9) / low) / Math.log(high / low)));
}

/**
 * Two times with their common unit once: "4.9 to 9.1 s".
 * @param {number} low
 * @param {number} high
 */
function span(low, high) {
  const [from, to] = [brief(low), brief(high)];
  if (from === to) return to;
  const [unit] = /\D+$/.exec(to) ?? [''];
  if (unit.endsWith('s') && high >= 1 && high < 99.5 && low >= 0.01 && low < 1)
    return `${Number(low.toPrecision(2))} to ${to}`;
  return `${from.endsWith(unit) ? from.slice(0, -unit.length) : from} to ${to}`;
}

/** A thin bar on a line. */
function bar() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 100 6');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const rect = (/** @type {string} */ name, /** @type {Record<string, number>} */ box) => {
    const made = document.createElementNS(SVG, 'rect');
    made.setAttribute('class', name);
    for (const [key, value] of Object.entries(box)) made.setAttribute(key, String(value));
    return svg.appendChild(made);
  };
  rect('rail', { x: 0, y: 2.5, width: 100, height: 1 });
  const filled = rect('', { x: 0, y: 0, width: 0, height: 6 });
  return {
    svg,
    set: (/** @type {number} */ x, /** @type {number} */ width, /** @type {string} */ colour) => {
      filled.setAttribute('x', x.toFixed(1));
      filled.setAttribute('width', width.toFixed(1));
      filled.setAttribute('class', colour);
    },
  };
}
