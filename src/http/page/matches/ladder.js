// @ts-check
// The ladder: a row a rung, climbing upwards, with N, C and ART as measured by `weir match ladder`.
//
// Responsible for: the table and the three columns on it, which are logarithmic and better towards the right. The
// dashed wall in each is the machine.

import { isOff } from '../control.js';
import { element, find, write } from '../dom.js';
import { format } from '../format.js';
import { set } from '../labs/settings.js';
import { messageOf } from '../server.js';
import { climbed } from './settings.js';

/** @import { Match, Rung } from './types.d.ts' */

const SVG = 'http://www.w3.org/2000/svg';
const UNMEASURED = 'not measured';

/** @typedef {'n' | 'c' | 'art_ms'} Name */
/** @typedef {{ name: Name, limit: (match: Match) => number | null, least: [number, number], less: boolean, say: (value: number) => string }} Column */

/** @type {Column[]} */
const COLUMNS = [
  { name: 'n', limit: (m) => m.machine?.watchers ?? null, least: [1000, 20_000], less: false, say: format.count },
  { name: 'c', limit: (m) => m.machine?.connects_s ?? null, least: [500, 50_000], less: false, say: format.count },
  { name: 'art_ms', limit: (m) => m.machine?.art_ms ?? null, least: [0.2, 500], less: true, say: format.ms },
];

/**
 * Where a value stands in its column: 0 is its worst end, 1 its best.
 * @param {number} value
 * @param {[low: number, high: number]} ends
 * @param {boolean} less
 */
export function placeOf(value, [low, high], less) {
  const share = Math.log(Math.max(value, 1e-9) / low) / Math.log(high / low);
  return less ? 1 - share : share;
}

/**
 * The ends of a column, so that all its values and the machine are inside.
 * @param {(number | null)[]} values
 * @param {[number, number]} least the ends at the least
 * @returns {[low: number, high: number]}
 */
export function endsOf(values, least) {
  const known = values.flatMap((value) => (value === null || value <= 0 ? [] : [value]));
  return [
    Math.min(least[0], ...known.map((value) => value * 0.8)),
    Math.max(least[1], ...known.map((value) => value * 1.25)),
  ];
}

/** Changes such as “ART ÷ 100”, which are not broken at their signs. @param {string} words */
function unbroken(words) {
  return words.replace(/ ([×÷+−>]) /g, '\u00a0$1\u00a0');
}

/**
 * Part of a column in one row: the line from the row below, and to the row above.
 * @param {string} kind
 * @param {[x: number, y: number][]} points in hundredths of the cell
 */
function line(kind, points) {
  const made = document.createElementNS(SVG, 'polyline');
  made.setAttribute('class', kind);
  made.setAttribute('points', points.map((point) => point.join()).join(' '));
  made.setAttribute('vector-effect', 'non-scaling-stroke');
  return made;
}

class Row {
  /** What each cell shows. @type {Map<HTMLElement, string>} */
  #drawn = new Map();
  #cells;
  #words = element('b', '');
  #more = element('small', '');
  #run = element('a', 'run');
  #climb = element('button', 'orders', 'Go here');
  node;

  /**
   * @param {Rung} rung
   * @param {(rung: number) => void} climb
   */
  constructor(rung, climb) {
    this.#cells = COLUMNS.map(() => element('td', 'scale'));
    this.#climb.type = 'button';
    this.#climb.addEventListener('click', () => climb(rung.rung));
    this.#climb.setAttribute('aria-label', `Go here: rung ${rung.rung} and all below on, all above off`);
    const isBuilt = Object.keys(rung.settings).length > 0;
    const key = element('code', '', rung.key);
    this.node = element(
      'tr',
      '',
      element('td', 'no', String(rung.rung)),
      element('th', 'rung', element('span', 'name', rung.name), key),
      ...this.#cells,
      element('td', 'here', this.#words, this.#more),
      element('td', 'original', unbroken(rung.original)),
      element('td', 'act', isBuilt ? this.#climb : ''),
    );
    /** @type {HTMLTableCellElement} */ (this.node.children[1]).scope = 'row';
  }

  /**
   * @param {Match} match
   * @param {number} index of the rung
   */
  update(match, index) {
    const { rungs, at } = match.ladder;
    const rung = rungs[index];
    this.node.classList.toggle('at', rung.rung === at);
    this.node.classList.toggle('above', rung.rung > at);
    if (rung.rung === at) this.node.setAttribute('aria-current', 'true');
    else this.node.removeAttribute('aria-current');
    for (const [place, column] of COLUMNS.entries()) this.#draw(this.#cells[place], column, match, index);
    const isMeasured = rung.n !== null || rung.c !== null || rung.art_ms !== null;
    const isBuilt = Object.keys(rung.settings).length > 0;
    write(this.#words, isMeasured ? unbroken(rung.words) : isBuilt ? UNMEASURED : 'not built');
    this.#words.className = !isMeasured || rung.effect === 'none' ? 'quiet' : rung.effect === 'worse' ? 'bad' : '';
    const more = [
      rung.last_ms === null ? '' : `last ${format.ms(rung.last_ms)}`,
      rung.kb === null ? '' : `${format.rate(rung.kb)}\u202fkB each`,
    ];
    write(this.#more, more.filter(Boolean).join(', '));
    if (rung.run !== null && this.#run.dataset.run !== rung.run) {
      this.#run.dataset.run = rung.run;
      this.#run.href = `./#run=${encodeURIComponent(rung.run)}`;
      write(this.#run, 'its run');
    }
    if (rung.run !== null) this.#more.after(this.#run);
    else this.#run.remove();
    this.#climb.disabled = isOff() || rung.rung === at;
  }

  /**
   * @param {HTMLElement} cell
   * @param {Column} column
   * @param {Match} match
   * @param {number} index
   */
  #draw(cell, { name, limit, least, less, say }, match, index) {
    const { rungs, at } = match.ladder;
    const wall = limit(match);
    const ends = endsOf([wall, ...rungs.map((rung) => rung[name])], least);
    const x = (/** @type {number | null | undefined} */ value) =>
      value === null || value === undefined ? null : Math.round(1000 * placeOf(value, ends, less)) / 10;
    const [below, here, above] = [x(rungs[index - 1]?.[name]), x(rungs[index][name]), x(rungs[index + 1]?.[name])];
    const key = [wall, below, here, above, at, rungs[index][name]].join();
    if (this.#drawn.get(cell) === key) return;
    this.#drawn.set(cell, key);
    const drawing = document.createElementNS(SVG, 'svg');
    drawing.setAttribute('viewBox', '0 0 100 100');
    drawing.setAttribute('preserveAspectRatio', 'none');
    drawing.setAttribute('aria-hidden', 'true');
    const edge = x(wall);
    if (edge !== null)
      drawing.append(
        line('wall', [
          [edge, 0],
          [edge, 100],
        ]),
      );
    if (here !== null) {
      if (below !== null)
        drawing.append(
          line(rungs[index].rung <= at ? 'climbed' : 'ahead', [
            [(below + here) / 2, 100],
            [here, 50],
          ]),
        );
      if (above !== null)
        drawing.append(
          line(rungs[index].rung < at ? 'climbed' : 'ahead', [
            [here, 50],
            [(above + here) / 2, 0],
          ]),
        );
    }
    const track = element('div', 'track', drawing);
    cell.replaceChildren(track);
    const value = rungs[index][name];
    if (here === null || value === null) return cell.append(element('span', 'hidden', UNMEASURED));
    const dot = element('i', 'dot');
    const words = element('span', here > 50 ? 'value before' : 'value', say(value));
    dot.style.left = words.style.left = `${here}%`;
    track.append(dot, words);
  }
}

export class LadderView {
  #section = find(document, '#ladder-view');
  #body = find(document, '#ladder tbody');
  #hint = find(document, '#ladder-hint');
  #walls = ['n', 'c', 'art'].map((name) => find(document, `#wall-${name}`));
  /** @type {Row[]} */
  #rows = [];
  /** @type {Match | null} */
  #match = null;

  /** @param {(text: string, alarm?: boolean) => void} report */
  constructor(report) {
    this.report = report;
  }

  get isShown() {
    return !this.#section.hidden;
  }

  /** @param {boolean} isShown */
  show(isShown) {
    this.#section.hidden = !isShown;
    if (this.#match) this.update(this.#match);
  }

  /** @param {Match} match */
  update(match) {
    this.#match = match;
    if (!this.isShown) return;
    const { rungs } = match.ladder;
    if (this.#rows.length !== rungs.length) {
      this.#rows = rungs.map((rung) => new Row(rung, (number) => this.#climb(number)));
      // The ladder is climbed upwards.
      this.#body.replaceChildren(...this.#rows.map(({ node }) => node).toReversed());
    }
    for (const [index, row] of this.#rows.entries()) row.update(match, index);
    this.#hint.hidden = rungs.some(({ n }) => n !== null);
    for (const [place, { limit, say }] of COLUMNS.entries()) {
      const wall = limit(match);
      const word = place === 0 && match.machine ? match.machine.watchers_why : 'machine';
      write(this.#walls[place], wall === null ? 'machine: measuring …' : `${word} ${say(wall)}`);
    }
  }

  /** @param {number} to */
  async #climb(to) {
    const rungs = this.#match?.ladder.rungs ?? [];
    try {
      await set('matches', climbed(rungs, to));
      this.report(`rung ${to}: it and all below are on`);
    } catch (error) {
      this.report(`The rungs are unchanged: ${messageOf(error)}`, true);
    }
  }
}

/**
 * What the ladder says in one sentence.
 * @param {Match} match
 * @returns {{ word: string, tone: 'calm' | 'ok', text: string }}
 */
export function ladderVerdict({ ladder: { at, rungs }, machine }) {
  const word = `RUNG ${at}`;
  const [first, here] = [0, at].map((number) => rungs.find(({ rung }) => rung === number)?.art_ms ?? null);
  const floor = machine ? ` The machine itself needs ${format.ms(machine.art_ms)}.` : '';
  if (here === null) {
    const rest = first === null ? '' : `, and ${format.ms(first)} at rung 0`;
    return {
      word,
      tone: 'calm',
      text: `The time until a newcomer has the status is not measured on this rung${rest}.${floor}`,
    };
  }
  const then = first === null || at === 0 ? '' : `${format.ms(first)} at rung 0, `;
  return { word, tone: 'ok', text: `A newcomer waits for the status: ${then}${format.ms(here)} here.${floor}` };
}
