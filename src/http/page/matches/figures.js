// @ts-check
// The four large figures of the matches lab, the limit of the machine beside each, and the last minute of each.
//
// Responsible for: which value each shows, and its words.

import { find, write } from '../dom.js';
import { format } from '../format.js';
import { Figure } from '../labs/figure.js';
import { LimitBar } from '../labs/limit.js';
import { Spark } from '../labs/spark.js';

/** @import { Series } from '../labs/series.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Match } from './types.d.ts' */

const UNMEASURED = 'machine: measuring …';
const BIG_KB = 10_000; // bytes; below, a watcher's memory is given in bytes

/**
 * The memory of a watcher.
 * @param {number | null} bytes
 */
export function memoryText(bytes) {
  if (bytes === null) return '';
  return bytes < BIG_KB ? `, ${format.count(bytes)}\u202fB each` : `, ${format.count(bytes / 1000)}\u202fkB each`;
}

export class Figures {
  #sparks;
  /** @type {Match | null} */
  #match = null;
  #watchers = new Figure('#f-watchers');
  #connects = new Figure('#f-connects');
  #art = new Figure('#f-art');
  #last = new Figure('#f-last');
  #limits = {
    watchers: new LimitBar('#fig-watchers'),
    connects: new LimitBar('#fig-connects'),
    art: new LimitBar('#fig-art'),
    last: new LimitBar('#fig-last'),
  };
  #memory = find(document, '#memory');
  #refused = find(document, '#refused');

  /**
   * @param {Series} series
   * @param {Palette} palette
   */
  constructor(series, palette) {
    const spark = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ column) =>
      new Spark(find(document, `#fig-${name} .spark`), label, series, column, palette);
    this.#sparks = [
      spark('watchers', 'Watchers', 'watchers'),
      spark('connects', 'Connects a second', 'connects_s'),
      spark('art', 'ART, p99', 'art_p99_ms'),
      spark('last', 'Time until the last watcher has the event', 'last_ms'),
    ];
    find(document, '#fig-watchers').detail = () => this.#limitWords();
    find(document, '#fig-art').detail = () => `Now p99: ${format.ms(this.#match?.now.art_ms?.p99)}`;
  }

  /** What limits the watchers. */
  #limitWords() {
    const machine = this.#match?.machine;
    return machine ? `The limit here: ${machine.watchers_why}` : 'The machine is being measured.';
  }

  redraw() {
    for (const spark of this.#sparks) spark.redraw();
  }

  /** @param {Match} match */
  update(match) {
    this.#match = match;
    const { now, machine, event, connections } = match;
    const isStalled = (event?.stalled_ms ?? 0) > 0;
    this.#watchers.show(format.count(now.watchers));
    this.#connects.show(`${format.count(now.connects_s)}\u202f/s`);
    this.#art.show(format.ms(now.art_ms?.p50));
    const last = isStalled ? (event?.stalled_ms ?? 0) : now.last_ms;
    this.#last.show(isStalled ? `${format.age(last)}` : format.ms(last), isStalled ? 'bad' : '');
    write(this.#memory, memoryText(now.watchers > 0 ? now.rss_per_watcher : null));
    const count = event?.sent || now.watchers || 10_000;
    const floor = machine ? (machine.send_us * count) / 1000 : null;
    const of = (/** @type {string} */ words) => (machine ? `machine ${words}` : UNMEASURED);
    const { watchers, connects, art, last: lastBar } = this.#limits;
    const limit = machine?.watchers ?? null;
    watchers.show({ mine: now.watchers || null, limit, words: of(format.count(limit)) });
    connects.show({
      mine: now.connects_s || null,
      limit: machine?.connects_s ?? null,
      words: of(`${format.count(machine?.connects_s)}\u202f/s`),
    });
    art.show({
      mine: now.art_ms?.p50 ?? null,
      limit: machine?.art_ms ?? null,
      less: true,
      words: of(format.ms(machine?.art_ms)),
    });
    const many = now.watchers > 0 ? '' : ' for 10,000';
    lastBar.show({ mine: last, limit: floor, less: true, words: of(`${format.ms(floor)}${many}`) });
    this.#refused.hidden = connections.refused === 0;
    write(this.#refused, refusedWords(connections));
    this.redraw();
  }
}

/** @param {Match['connections']} connections */
function refusedWords({ open, limit, refused, why }) {
  const reason = why ? `: ${why}` : '';
  return `${format.count(refused)} connections refused${reason}. ${format.count(open)} of at most ${format.count(limit)} are open.`;
}
