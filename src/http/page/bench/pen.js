// @ts-check
// How the score is drawn: lines, words with a halo, areas, and scales.
//
// Responsible for: the canvas, its size and its margins, in tenths of a rem.

/** @import { Palette } from '../palette.js' */
/** @import { End, Scale, Spot } from './types.d.ts' */

export const PAD = { left: 48, right: 92 };
const NARROW = 560; // a narrower score has titles alone
const FONT = 'Inter, system-ui, sans-serif';

export class Pen {
  W = 0;
  H = 0;
  /** @type {CanvasPattern | null} */
  #hatched = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Palette} palette
   * @param {() => void} resized
   */
  constructor(canvas, palette, resized) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.get = (/** @type {string} */ name) => palette.get(name);
    new ResizeObserver(() => {
      this.#resize();
      resized();
    }).observe(canvas);
  }

  #resize() {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 10;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.W = width / scale;
    this.H = height / scale;
    this.scale = scale;
    this.context.setTransform(ratio * scale, 0, 0, ratio * scale, 0, 0);
  }

  clear() {
    this.context.clearRect(0, 0, this.W, this.H);
  }

  /** Colours have changed. */
  forget() {
    this.#hatched = null;
  }

  get right() {
    return this.W - PAD.right;
  }

  /**
   * Words with a halo, so that lines end before them. Returns their width.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {object} [how]
   * @param {CanvasTextAlign} [how.align]
   * @param {string} [how.colour]
   * @param {number} [how.size]
   * @param {number} [how.weight]
   */
  text(text, x, y, { align = 'left', colour = 'muted', size = 10.5, weight = 400 } = {}) {
    const { context: c } = this;
    c.font = `${weight} ${size}px ${FONT}`;
    c.textAlign = align;
    c.strokeStyle = this.get('ground');
    c.lineWidth = 4;
    c.lineJoin = 'round';
    c.strokeText(text, x, y);
    c.fillStyle = this.get(colour);
    c.fillText(text, x, y);
    return c.measureText(text).width;
  }

  /**
   * A line through spots; null breaks it.
   * @param {string} colour
   * @param {number} width
   * @param {(Spot | null)[]} spots
   * @param {number[]} [dash]
   */
  line(colour, width, spots, dash = []) {
    const { context: c } = this;
    c.strokeStyle = this.get(colour);
    c.lineWidth = width;
    c.lineJoin = 'round';
    c.setLineDash(dash);
    c.beginPath();
    let down = false;
    for (const spot of spots) {
      if (spot && down) c.lineTo(...spot);
      else if (spot) c.moveTo(...spot);
      down = spot !== null;
    }
    c.stroke();
    c.setLineDash([]);
  }

  /**
   * A scale from nothing to a value that keeps still while values move a little.
   * @param {[top: number, bottom: number]} band
   * @param {number} most
   * @param {number} least the lowest top
   * @param {boolean} isLog
   * @returns {Scale}
   */
  scaleOf([top, bottom], most, least, isLog) {
    const high = nice(Math.max(most * 1.08, least));
    const share = (/** @type {number} */ value) =>
      isLog ? Math.log1p(Math.min(value, high)) / Math.log1p(high) : Math.min(value, high) / high;
    return { low: 0, high, y: (value) => bottom - (bottom - top) * share(Math.max(0, value)) };
  }

  /**
   * Level lines with their values.
   * @param {Scale} scale
   * @param {(value: number) => string} say
   * @param {number[]} values
   */
  ticks(scale, say, values) {
    for (const value of values) {
      const y = Math.round(scale.y(value)) + 0.5;
      this.line('line', 1, [
        [PAD.left, y],
        [this.right, y],
      ]);
      this.text(say(value), PAD.left - 7, y + 3.5, { align: 'right' });
    }
  }

  /**
   * @param {string} text
   * @param {string} unit
   * @param {number} top
   */
  title(text, unit, top) {
    const width = this.text(text, PAD.left, top - 5, { colour: 'ink', size: 12, weight: 600 });
    if (this.W > NARROW) this.text(unit, PAD.left + width + 7, top - 5, { size: 11 });
  }

  /**
   * Values of now at the right edge, pushed apart where they would touch.
   * @param {End[]} list
   * @param {[top: number, bottom: number]} band
   */
  ends(list, [top, bottom]) {
    const placed = list.map(([y, text, colour]) => ({ y: y + 4, text, colour })).sort((a, b) => a.y - b.y);
    for (let index = 1; index < placed.length; index += 1) {
      placed[index].y = Math.max(placed[index].y, placed[index - 1].y + 15);
    }
    const over = placed.length ? Math.max(0, placed[placed.length - 1].y - (bottom + 4)) : 0;
    for (const { y, text, colour } of placed) {
      this.text(text, this.right + 8, Math.max(top - 4, y - over), { colour, size: 12, weight: 600 });
    }
  }

  /** A red hatch: what did not get in. */
  hatch() {
    if (this.#hatched) return this.#hatched;
    const tile = new OffscreenCanvas(5, 5);
    const c = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext('2d'));
    c.strokeStyle = this.get('danger');
    c.lineWidth = 1.1;
    c.beginPath();
    for (const shift of [-5, 0, 5]) {
      c.moveTo(shift, 5);
      c.lineTo(shift + 5, 0);
    }
    c.stroke();
    this.#hatched = this.context.createPattern(tile, 'repeat');
    return this.#hatched;
  }
}

/** The next 1, 2, 4, 5 or 10 times a power of ten. @param {number} value */
export function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((one) => one * power >= value) ?? 10) * power;
}

/**
 * Zero and the powers of ten up to a value, or from another on.
 * @param {number} high
 * @param {number} [low]
 */
export function decades(high, low) {
  const first = low === undefined ? 0 : Math.ceil(Math.log10(low) - 0.01);
  const last = Math.floor(Math.log10(high) + 0.01);
  const stride = Math.max(1, Math.ceil((last - first) / 3));
  const powers = [];
  for (let power = first; power <= last; power += stride) powers.push(10 ** power);
  return low === undefined ? [0, ...powers] : powers;
}
