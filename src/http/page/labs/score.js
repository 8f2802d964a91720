// @ts-check
// Curves over each other on one time axis, like a score; marks run through all of them.
//
// Responsible for: the axes, the lines, the marks with their words, and the figures under the pointer. The points
// are a series (series.js).

import { element } from '../dom.js';
import { Surface } from './surface.js';

/** @import { Tooltip } from '../glossary.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Mark, Series } from './series.js' */
/** @import { Paper } from './surface.js' */

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} column of the series
 * @property {number} height rem
 * @property {string} colour
 * @property {boolean} [area] whether the area below the line is filled
 * @property {(values: (number | null)[]) => number} top the end of the axis
 * @property {(top: number) => number[]} ticks
 * @property {(value: number) => string} tick
 * @property {(value: number | null) => string} read
 */

/** Colours of marks by their kind; any other is a change. @type {Record<string, string>} */
const TONES = { rogue: 'danger', crash: 'danger', fault: 'danger', trap: 'muted', load: 'muted', settings: 'muted' };
const LEFT = 5.2; // rem, for the words of the axis
const SPAN_MS = 60_000;

export class Score {
  /** @type {number | null} where the pointer is, as a time */
  #cursor = null;

  /**
   * @param {HTMLElement} place
   * @param {string} label
   * @param {Series} series
   * @param {Panel[]} panels
   * @param {{ palette: Palette, tooltip: Tooltip }} shared
   */
  constructor(place, label, series, panels, { palette, tooltip }) {
    this.series = series;
    this.panels = panels;
    this.palette = palette;
    this.tooltip = tooltip;
    const height = (/** @type {number} */ _, /** @type {number} */ rem) =>
      (panels.reduce((sum, panel) => sum + panel.height + 1, 0) + 5) * rem;
    this.surface = new Surface(place, label, height, (paper) => this.#draw(paper));
    place.addEventListener('pointermove', (event) => this.#point(event));
    place.addEventListener('pointerleave', () => {
      this.#cursor = null;
      tooltip.hide();
      this.redraw();
    });
  }

  redraw() {
    this.surface.redraw();
  }

  /** Describes the curves for screen readers. */
  describe() {
    const newest = this.panels.map(({ title, column, read }) => `${title}: ${read(this.#at(column, this.series.now))}`);
    this.surface.canvas.setAttribute('aria-label', `The last 60 seconds. Now ${newest.join('; ')}`);
  }

  /**
   * The value of a column at a time.
   * @param {string} column
   * @param {number} time
   */
  #at(column, time) {
    const { series } = this;
    const index = Math.min(series.length - 1, Math.round((time - series.from) / series.step));
    return series.columns[column]?.[index] ?? null;
  }

  /** @param {Paper} paper */
  #draw({ pen, width, rem }) {
    const { palette, series } = this;
    const [left, right] = [LEFT * rem, width - 0.8 * rem];
    const x = (/** @type {number} */ time) => right - ((series.now - time) / SPAN_MS) * (right - left);
    const small = `${1.2 * rem}px Inter, system-ui, sans-serif`;
    const places = this.#places(pen, x, left, right, rem);
    const head = 3.6 * rem;
    let top = head;
    pen.lineJoin = 'round';
    for (const panel of this.panels) {
      const values = series.columns[panel.column] ?? [];
      const height = panel.height * rem;
      const most = panel.top(values);
      const y = (/** @type {number} */ value) => top + height - (Math.min(value, most) / most) * (height - 1.6 * rem);
      pen.font = small;
      pen.textAlign = 'right';
      for (const tick of panel.ticks(most)) {
        pen.fillStyle = palette.get('line');
        pen.fillRect(left, Math.round(y(tick)), right - left, 1);
        pen.fillStyle = palette.get('muted');
        pen.fillText(panel.tick(tick), left - 0.8 * rem, y(tick) + 0.4 * rem);
      }
      this.#line(pen, panel, values, x, y, left);
      pen.font = `650 ${small}`;
      pen.textAlign = 'left';
      pen.lineWidth = 0.4 * rem;
      pen.strokeStyle = palette.get('card');
      pen.strokeText(panel.title, left + 0.6 * rem, top + 1.1 * rem);
      pen.fillStyle = palette.get('ink');
      pen.fillText(panel.title, left + 0.6 * rem, top + 1.1 * rem);
      top += height + rem;
    }
    const foot = top - rem;
    this.#axis(pen, x, foot + 1.7 * rem, width, small);
    for (const [mark, place] of places) this.#mark(pen, mark, place, head, foot, rem);
    if (this.#cursor !== null && this.#cursor > series.now - SPAN_MS) {
      pen.fillStyle = palette.get('muted');
      pen.fillRect(Math.round(x(this.#cursor)), head - 0.4 * rem, 1, foot - head + 0.4 * rem);
    }
  }

  /**
   * One line; it has a gap where nothing was measured.
   * @param {CanvasRenderingContext2D} pen
   * @param {Panel} panel
   * @param {(number | null)[]} values
   * @param {(time: number) => number} x
   * @param {(value: number) => number} y
   * @param {number} left
   */
  #line(pen, { colour, area }, values, x, y, left) {
    const { series } = this;
    const line = new Path2D();
    const below = new Path2D();
    let begun = Number.NaN; // where the present stretch began
    let last = Number.NaN;
    values.forEach((value, index) => {
      const at = x(series.time(index));
      if (value === null || at < left - 1) {
        if (!Number.isNaN(begun) && value === null) below.lineTo(last, y(0));
        begun = value === null ? Number.NaN : begun;
        return;
      }
      if (Number.isNaN(begun)) {
        begun = at;
        line.moveTo(at, y(value));
        below.moveTo(at, y(0));
      } else line.lineTo(at, y(value));
      below.lineTo(at, y(value));
      last = at;
    });
    if (!Number.isNaN(begun)) below.lineTo(last, y(0));
    if (area) {
      pen.globalAlpha = 0.16;
      pen.fillStyle = this.palette.get(colour);
      pen.fill(below);
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = this.palette.get(colour);
    pen.lineWidth = 2.25;
    pen.stroke(line);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {(time: number) => number} x
   * @param {number} y
   * @param {number} width
   * @param {string} font
   */
  #axis(pen, x, y, width, font) {
    pen.font = font;
    pen.fillStyle = this.palette.get('muted');
    const steps = width < 500 ? 3 : 6;
    for (let step = 0; step <= steps; step += 1) {
      const ago = SPAN_MS - (SPAN_MS / steps) * step;
      pen.textAlign = step === steps ? 'right' : step === 0 ? 'left' : 'center';
      pen.fillText(ago ? `−${ago / 1000} s` : 'now', x(this.series.now - ago), y);
    }
  }

  /**
   * Finds a place for the words of marks: the newest are written, in two rows, where there is room.
   * @param {CanvasRenderingContext2D} pen
   * @param {(time: number) => number} x
   * @param {number} left
   * @param {number} right
   * @param {number} rem
   * @returns {[Mark, { at: number, row: number, before: boolean }][]}
   */
  #places(pen, x, left, right, rem) {
    pen.font = `650 ${1.2 * rem}px Inter, system-ui, sans-serif`;
    /** @type {[number, number][][]} what is taken in each row */
    const taken = [[], []];
    const shown = this.series.marks.filter(({ at_ms: at }) => x(at) >= left && x(at) <= right + 1);
    return shown.toReversed().map((mark) => {
      const at = x(mark.at_ms);
      if (!mark.word) return [mark, { at, row: -1, before: false }];
      const room = pen.measureText(mark.word).width + 1.6 * rem;
      // Behind the mark, or before it where that is not free.
      for (const before of [false, true]) {
        const [from, to] = before ? [at - room, at + 0.6 * rem] : [at - 0.6 * rem, at + room];
        const isInside = from >= left - rem && to <= right + rem;
        const row = taken.findIndex((spans) => isInside && spans.every(([a, b]) => to <= a || from >= b));
        if (row < 0) continue;
        taken[row].push([from, to]);
        return [mark, { at, row, before }];
      }
      taken[0].push([at - 0.6 * rem, at + 0.6 * rem]);
      return [mark, { at, row: -1, before: false }];
    });
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Mark} mark
   * @param {{ at: number, row: number, before: boolean }} place
   * @param {number} head
   * @param {number} foot
   * @param {number} rem
   */
  #mark(pen, { kind, word }, { at, row, before }, head, foot, rem) {
    const up = head - 1.2 * rem - (row === 1 ? 1.5 * rem : 0);
    const colour = this.palette.get(TONES[kind] ?? 'mark');
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.5;
    pen.globalAlpha = row < 0 ? 0.45 : 1;
    pen.setLineDash([2, 3]);
    pen.beginPath();
    pen.moveTo(at, up + 0.4 * rem);
    pen.lineTo(at, foot);
    pen.stroke();
    pen.setLineDash([]);
    pen.beginPath();
    pen.moveTo(at - 0.5 * rem, up - 0.4 * rem);
    pen.lineTo(at + 0.5 * rem, up - 0.4 * rem);
    pen.lineTo(at, up + 0.4 * rem);
    pen.fill();
    pen.globalAlpha = 1;
    if (row < 0) return;
    pen.font = `650 ${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.textAlign = before ? 'right' : 'left';
    pen.fillText(word, at + (before ? -0.9 : 0.9) * rem, up + 0.3 * rem);
  }

  /** @param {PointerEvent} event */
  #point({ offsetX, clientX, clientY }) {
    const { series } = this;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [left, right] = [LEFT * rem, this.surface.place.clientWidth - 0.8 * rem];
    if (offsetX < left || series.length === 0) return;
    this.#cursor = series.now - ((right - offsetX) / (right - left)) * SPAN_MS;
    const lines = this.panels.map(({ title, column, read }) =>
      element('p', 'pair', `${title} `, element('b', '', read(this.#at(column, this.#cursor ?? 0)))),
    );
    const near = series.marks.filter(({ at_ms: at }) => Math.abs(at - (this.#cursor ?? 0)) < 800);
    const said = near.map(({ word }) => element('p', 'said', word));
    const ago = Math.max(0, (series.now - this.#cursor) / 1000).toFixed(1);
    this.tooltip.show(clientX, clientY, element('p', '', `${ago} s ago`), ...lines, ...said);
    this.redraw();
  }
}
