// @ts-check
// A part of the picture that is drawn once and kept until it would look different.
//
// Responsible for: a thousand marks costing as much as one, in frames in which none of them has changed.

/** @import { Box, Ink } from './types.d.ts' */

const MARGIN = 4; // lines and marks may reach beyond the box

export class Layer {
  #canvas = document.createElement('canvas');
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
  #key = '';

  /**
   * Draws what `paint` draws within a box. `key` says what it looks like, colours and sizes included.
   * @param {Ink} ink
   * @param {Box} box
   * @param {string} key
   * @param {(ink: Ink) => void} paint
   */
  draw(ink, { x, y, w, h }, key, paint) {
    const scale = ink.context.getTransform().a;
    const [left, top] = [x - MARGIN, y - MARGIN];
    const own = `${key} ${scale} ${x} ${y} ${w} ${h} ${ink.get('pipelined')}`;
    if (own !== this.#key) {
      this.#key = own;
      this.#canvas.width = Math.ceil((w + 2 * MARGIN) * scale);
      this.#canvas.height = Math.ceil((h + 2 * MARGIN) * scale);
      this.#context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
      paint({ context: this.#context, get: (name) => ink.get(name) });
    }
    ink.context.drawImage(this.#canvas, left, top, this.#canvas.width / scale, this.#canvas.height / scale);
  }
}
