// @ts-check
// What moves in the picture.
//
// Responsible for: particles that are born from differences of counters, never for show. Where more events
// move than can be drawn, particles grow instead of multiplying.

import { shape } from './brush.js';
import { along, lengthOf } from './layout.js';

/** @import { ConsumerCell } from '../snapshot.d.ts' */
/** @import { Counts, Figures, Ink, Layout, Look, Path, Spot } from './types.d.ts' */

const SPEED = 360; // units a second
const CROWD = 420; // particles at any time
const BIRTHS = 20; // a second and path; beyond that each particle stands for more, and is larger
const LAPSE_MS = 100; // between two snapshots
const SILENT_S = 1.5; // after a longer gap, differences are history and not motion
const THIN = 3; // consumers that are shown being served, of those served in one lapse

/** @typedef {{ path: Path, look: Look, born: number, travel: number, size: number }} Particle */
/** @typedef {(index: number) => { x: number, y: number, w: number }} RowOf */

export class Particles {
  /** @type {Particle[]} */
  #all = [];
  /** @type {{ counts: Counts, cells: ConsumerCell[], t: number } | null} */
  #before = null;
  /** @type {Map<string, { at: number, owed: number }>} */
  #last = new Map();
  still = matchMedia('(prefers-reduced-motion: reduce)');

  /**
   * Takes a snapshot's counters.
   * @param {Counts} counts
   * @param {Figures} f
   * @param {Layout} at
   * @param {object} where
   * @param {number} where.surface
   * @param {number[]} where.levels of the channels
   * @param {RowOf} where.rowOf
   * @param {number} now
   */
  take(counts, f, at, { surface, levels, rowOf }, now) {
    const before = this.#before;
    this.#before = { counts, cells: f.cells, t: f.t };
    const lapse = before ? f.t - before.t : 0;
    if (!before || lapse <= 0 || lapse > SILENT_S || this.still.matches) return;
    const was = before.counts;
    const grown = (/** @type {number} */ after, /** @type {number} */ first) => Math.max(0, after - first);
    const { paths } = at;
    for (const mode of /** @type {const} */ ([0, 1])) {
      const arrived = grown(counts.arrived[mode], was.arrived[mode]);
      this.#send(paths.lane(mode, levels[mode]), mode, arrived, now, `lane${mode}`);
    }
    const refused = grown(counts.refused, was.refused);
    const dropped = grown(counts.dropped, was.dropped);
    const newest = f.policy === 'drop_newest' ? dropped : 0;
    const arrived = grown(counts.arrived[2], was.arrived[2]) - refused - newest;
    this.#send(paths.fall(levels[2], surface), 2, arrived, now, 'fall');
    this.#send(paths.bounce(), 'danger', refused, now, 'bounce');
    this.#send(paths.spill(), 'danger', newest, now, 'spill');
    if (f.policy === 'drop_oldest') this.#send(paths.trap(), 'danger', dropped, now, 'trap');
    this.#serve(f, before.cells, grown(counts.fed, was.fed), at, rowOf, now);
    for (const mode of /** @type {const} */ ([0, 1, 2])) {
      this.#send(paths.done(), mode, grown(counts.done[mode], was.done[mode]), now, `done${mode}`);
    }
    this.#send(paths.failed(), 'danger', grown(counts.failed, was.failed), now, 'failed');
  }

  /**
   * An ask leaves a consumer as its event comes to it and goes on to the resource.
   * @param {Figures} f
   * @param {ConsumerCell[]} before
   * @param {number} fed
   * @param {Layout} at
   * @param {RowOf} rowOf
   * @param {number} now
   */
  #serve(f, before, fed, at, rowOf, now) {
    if (!fed) return;
    const isBegun = (/** @type {number | null} */ age, /** @type {number} */ index) =>
      age !== null && age < (before[index]?.age_ms ?? Infinity);
    const begun = f.cells.flatMap(({ age_ms: age }, index) => (isBegun(age, index) ? [index] : []));
    const some = begun.length ? begun : [Math.floor(now / LAPSE_MS)]; // in a field any place will do
    const shown = some.filter((_, index) => index % Math.ceil(some.length / THIN) === 0);
    const { paths } = at;
    for (const index of shown) {
      const { x, y, w } = rowOf(index);
      const key = begun.length ? index : '';
      const events = Math.max(1, Math.round(fed / shown.length));
      const feed = paths.feed(x, y);
      this.#send(feed, 2, events, now, `feed${key}`);
      this.#send(paths.ask(x - 10, y), 'ask', 1, now, `ask${key}`);
      this.#send(paths.work(x + w, y), 2, events, now + travel(feed), `work${key}`);
    }
  }

  /**
   * @param {Path} path
   * @param {Look} look
   * @param {number} count
   * @param {number} now
   * @param {string} key of the path's limit of births
   */
  #send(path, look, count, now, key) {
    if (count < 1 || this.#all.length > CROWD) return;
    // What a lapse has brought is spread over it, so that it flows and does not come in bursts.
    const births = Math.max(1, Math.min(Math.round(count), Math.round((BIRTHS * LAPSE_MS) / 1000)));
    const last = this.#last.get(key) ?? { at: -Infinity, owed: 0 };
    const owed = last.owed + count;
    if (now - last.at < 1000 / BIRTHS) {
      this.#last.set(key, { at: last.at, owed });
      return;
    }
    this.#last.set(key, { at: now, owed: 0 });
    const size = Math.min(4, 2.5 + 0.4 * Math.log2(owed / births));
    for (let index = 0; index < births; index += 1) {
      const born = now + (index * LAPSE_MS) / births;
      this.#all.push({ path, look, born, travel: travel(path), size });
    }
  }

  /**
   * @param {Ink} ink
   * @param {number} now
   */
  draw(ink, now) {
    this.#all = this.#all.filter(({ born, travel: lasts }) => now - born < lasts);
    for (const { path, look, born, travel: lasts, size } of this.#all) {
      if (now < born) continue;
      /** @type {Spot} */
      const [x, y] = along(path, (now - born) / lasts);
      shape(ink, look, x, y, size);
    }
  }

  get some() {
    return this.#all.length > 0;
  }

  clear() {
    this.#all = [];
  }
}

/** @param {Path} path */
const travel = (path) => (lengthOf(path) / SPEED) * 1000;
