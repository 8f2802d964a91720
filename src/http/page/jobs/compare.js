// @ts-check
// The three isolations side by side, with one endless job in each.
//
// Responsible for: three columns with the same parts at the same height, and showing which figures were measured on
// this page and which are predicted (ways.js).

import { element, write } from '../dom.js';
import { format } from '../format.js';
import { Surface } from '../labs/surface.js';
import { ISOLATIONS, wayOf } from './ways.js';

/** @import { Paper } from '../labs/surface.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Isolation, Jobs } from './types.d.ts' */
/** @import { Way } from './ways.js' */

/** @type {Record<Isolation, string>} */
const SAYS = {
  task: 'An async task runs until it awaits. An endless job never awaits, so nothing else on its thread gets a turn.',
  thread: 'Each job has its own thread, and the kernel shares out the cores. Nothing can end a thread from outside.',
  fuel: 'Metered WebAssembly: after each turn the next job runs. Between two turns you can read, trace or kill a job.',
};
/** @type {[keyof Way & ('rate' | 'late' | 'kill' | 'lost'), string, string][]} */
const FACTS = [
  ['rate', 'other jobs do', '/s'],
  ['late', 'other jobs late by, p99', ''],
  ['kill', 'kill', ''],
  ['lost', 'cores lost', ''],
];
const BAD = /^(0$|no |no end|impossible|[1-9]\d*, for good|1 of|.* so far)/;
const REDRAW_MS = 1000;

class Column {
  tag = element('span', 'tag use', 'in use');
  source = element('p', 'source-of muted');
  /** @type {Map<string, HTMLElement>} */
  facts = new Map();
  node;

  /**
   * @param {Isolation} isolation
   * @param {Palette} palette
   * @param {() => Jobs | null} jobs
   */
  constructor(isolation, palette, jobs) {
    this.isolation = isolation;
    this.palette = palette;
    this.jobs = jobs;
    const list = element('dl', '');
    for (const [name, words, unit] of FACTS) {
      const value = element('b', '');
      this.facts.set(name, value);
      list.append(element('div', '', element('dt', '', words), element('dd', '', value, element('small', '', unit))));
    }
    const title = element('h2', '', element('code', '', isolation), ' ', this.tag);
    const [strip, curve] = [element('div', 'plot'), element('div', 'plot')];
    this.node = element('div', 'way', title, element('p', 'say', SAYS[isolation]), strip, curve, list, this.source);
    const height = (/** @type {number} */ _, /** @type {number} */ rem) => 9.2 * rem;
    const label = `Turns on the core in isolation ${isolation}`;
    this.surfaces = [
      new Surface(strip, label, height, (paper) => this.#strip(paper)),
      new Surface(curve, `Rate of the other jobs in isolation ${isolation}`, height, (paper) => this.#curve(paper)),
    ];
  }

  update() {
    const jobs = this.jobs();
    const way = wayOf(this.isolation, jobs);
    this.tag.hidden = jobs?.isolation !== this.isolation;
    this.node.classList.toggle('now-used', !this.tag.hidden);
    for (const [name, ,] of FACTS) {
      const value = this.facts.get(name);
      if (!value) continue;
      write(value, way[name]);
      value.classList.toggle('bad', BAD.test(way[name]));
    }
    write(this.source, sourceOf(way));
    for (const surface of this.surfaces) surface.redraw();
  }

  /** A core as one endless job leaves it. @param {Paper} paper */
  #strip({ pen, width, height, rem }) {
    const lanes = this.isolation === 'thread' ? 2 : 1;
    const tall = (height - (lanes - 1) * 0.8 * rem) / lanes;
    for (let lane = 0; lane < lanes; lane += 1) {
      const y = lane * (tall + 0.8 * rem);
      pen.save();
      pen.beginPath();
      pen.roundRect(0.75, y + 0.75, width - 1.5, tall - 1.5, 0.5 * rem);
      pen.fillStyle = this.palette.get('well');
      pen.fill();
      pen.clip();
      const isWall = this.isolation === 'task' || lane === 1;
      if (isWall) this.#wall(pen, y, width, tall, rem);
      else this.#turns(pen, y, width, tall, rem, this.isolation === 'fuel');
      pen.restore();
      pen.strokeStyle = this.palette.get('edge');
      pen.lineWidth = 1.5;
      pen.stroke();
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} y
   * @param {number} width
   * @param {number} tall
   * @param {number} rem
   */
  #wall(pen, y, width, tall, rem) {
    pen.fillStyle = this.palette.get('rogue');
    pen.fillRect(0, y, width, tall);
    pen.fillStyle = '#fff';
    pen.font = `650 ${1.5 * rem}px Inter, system-ui, sans-serif`;
    pen.fillText(
      this.isolation === 'task' ? 'one turn without an end' : 'a core of its own, for good',
      1.6 * rem,
      y + tall / 2 + 0.5 * rem,
    );
  }

  /**
   * Twelve ordinary jobs a millisecond, and turns of the endless job around them.
   * @param {CanvasRenderingContext2D} pen
   * @param {number} y
   * @param {number} width
   * @param {number} tall
   * @param {number} rem
   * @param {boolean} isShared
   */
  #turns(pen, y, width, tall, rem, isShared) {
    const group = 0.55 * width;
    let x = 0;
    while (isShared && x < width) {
      const wide = 2.35 * rem;
      if (x < group || x > group + 5 * rem) {
        pen.fillStyle = this.palette.get('rogue');
        pen.fillRect(x, y, wide - 1.5, tall);
      }
      x += wide;
    }
    pen.fillStyle = this.palette.get('work');
    for (let job = 0; job < 12; job += 1) pen.fillRect(group + 0.7 * rem + job * 0.37 * rem, y, 0.3 * rem, tall);
  }

  /** @param {Paper} paper */
  #curve({ pen, width, height, rem }) {
    const way = wayOf(this.isolation, this.jobs());
    const [left, top, foot] = [4 * rem, 2 * rem, height - 0.6 * rem];
    const most = 1.2 * way.target;
    const y = (/** @type {number} */ value) => foot - (Math.min(value, most) / most) * (foot - top);
    pen.font = `${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.textAlign = 'right';
    for (const tick of [0, way.target]) {
      pen.fillStyle = this.palette.get('line');
      pen.fillRect(left, Math.round(y(tick)), width - left, 1);
      pen.fillStyle = this.palette.get('muted');
      pen.fillText(tick ? format.brief(tick) : '0', left - 0.6 * rem, y(tick) + 0.4 * rem);
    }
    const at = left + way.begun * (width - left);
    pen.fillStyle = pen.strokeStyle = this.palette.get('danger');
    pen.lineWidth = 1.5;
    pen.setLineDash([2, 3]);
    pen.beginPath();
    pen.moveTo(at, top - rem);
    pen.lineTo(at, foot);
    pen.stroke();
    pen.setLineDash([]);
    pen.textAlign = at > width * 0.6 ? 'right' : 'left';
    pen.font = `650 ${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.fillText('endless job', at + (at > width * 0.6 ? -0.6 : 0.6) * rem, top - 0.5 * rem);
    pen.strokeStyle = this.palette.get('work');
    pen.lineWidth = 2.25;
    pen.beginPath();
    way.curve.forEach((value, index) => {
      if (value !== null) pen.lineTo(left + (index / (way.curve.length - 1)) * (width - left), y(value));
    });
    pen.stroke();
  }
}

/** @param {Way} way */
function sourceOf({ at, rogues }) {
  if (at === null) return 'predicted for one endless job; choose this isolation and submit −1 to measure it';
  const passed = performance.now() - at;
  const when = passed < 2000 ? 'now' : `${format.age(passed)} ago`;
  return `measured ${when}, beside ${rogues} long ${rogues === 1 ? 'job' : 'jobs'}`;
}

export class Compare {
  /** @type {Column[]} */
  #columns = [];
  /** @type {Jobs | null} */
  #jobs = null;
  #drawn = 0;

  /**
   * @param {HTMLElement} section
   * @param {Palette} palette
   */
  constructor(section, palette) {
    this.section = section;
    this.palette = palette;
  }

  /** @param {Jobs} jobs */
  update(jobs) {
    this.#jobs = jobs;
    if (!this.section.hidden && performance.now() - this.#drawn > REDRAW_MS) this.redraw();
  }

  redraw() {
    if (this.section.hidden) return;
    this.#drawn = performance.now();
    for (const column of this.#columns) column.update();
  }

  /** Toggles the comparison, and returns whether it is shown now. */
  toggle() {
    this.section.hidden = !this.section.hidden;
    if (this.#columns.length === 0) {
      this.#columns = ISOLATIONS.map((isolation) => new Column(isolation, this.palette, () => this.#jobs));
      this.section.append(...this.#columns.map(({ node }) => node));
    }
    this.redraw();
    return !this.section.hidden;
  }
}
