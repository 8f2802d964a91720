// @ts-check
// A canvas as wide as its place.
//
// Responsible for: its size in device pixels, and drawing at most once a frame and not at all while it is out of
// sight. The caller draws.

import { Sight } from '../sight.js';

/**
 * @typedef {object} Paper
 * @property {CanvasRenderingContext2D} pen
 * @property {number} width CSS pixels
 * @property {number} height CSS pixels
 * @property {number} rem pixels of one rem, as all lengths grow with the window
 */

export class Surface {
  canvas = document.createElement('canvas');
  #pen;
  #scheduled = false;
  #sight;
  #width = 0;
  #rem = 10;

  /**
   * @param {HTMLElement} place
   * @param {string} label what the drawing shows
   * @param {(width: number, rem: number) => number} height in CSS pixels
   * @param {(paper: Paper) => void} draw
   */
  constructor(place, label, height, draw) {
    const pen = this.canvas.getContext('2d');
    if (!pen) throw new Error('This browser cannot draw on a canvas.');
    this.#pen = pen;
    this.place = place;
    this.height = height;
    this.draw = draw;
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', label);
    place.append(this.canvas);
    this.#sight = new Sight(place, () => this.redraw());
    new ResizeObserver(() => this.#measure()).observe(place);
    addEventListener('resize', () => this.#measure());
  }

  /** Sizes change rarely, and asking for them in each frame would lay the page out each time. */
  #measure() {
    this.#width = this.place.clientWidth;
    this.#rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.redraw();
  }

  /** Draws with the next frame. */
  redraw() {
    if (this.#scheduled || !this.#sight.clear) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.paint();
    });
  }

  /** Draws at once. */
  paint() {
    const width = this.#width;
    const rem = this.#rem;
    if (width === 0 || !this.#sight.clear) return;
    const height = Math.round(this.height(width, rem));
    const ratio = devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    const { canvas } = this;
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
      canvas.style.height = `${height}px`;
    }
    this.#pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#pen.clearRect(0, 0, width, height);
    this.draw({ pen: this.#pen, width, height, rem });
  }
}
