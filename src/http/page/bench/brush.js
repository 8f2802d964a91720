// @ts-check
// Strokes that the parts of the picture share: lines, fills, and the shape of an event.
//
// Responsible for: one look per meaning. A mode has its colour and its shape everywhere (circle, triangle,
// square); what is lost is a red cross; an ask is a hollow circle.

/** @import { Ink, Look, Spot } from './types.d.ts' */

export const COLOURS = ['serial', 'async', 'pipelined'];

/**
 * @param {Ink} ink
 * @param {string} colour
 * @param {number} width
 * @param {...Spot} spots
 */
export function line(ink, colour, width, ...spots) {
  const { context: c } = ink;
  c.strokeStyle = ink.get(colour);
  c.lineWidth = width;
  c.beginPath();
  for (const [x, y] of spots) c.lineTo(x, y);
  c.stroke();
}

/**
 * @param {Ink} ink
 * @param {string} colour
 * @param {number} alpha
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
export function fill(ink, colour, alpha, x, y, w, h) {
  const { context: c } = ink;
  c.globalAlpha = alpha;
  c.fillStyle = ink.get(colour);
  c.fillRect(x, y, w, h);
  c.globalAlpha = 1;
}

/**
 * A colour with an opacity, for gradients.
 * @param {Ink} ink
 * @param {string} colour
 * @param {number} alpha
 */
export function shade(ink, colour, alpha) {
  return ink.get(colour).replace('rgb(', 'rgba(').replace(')', `, ${alpha})`);
}

/**
 * @param {Ink} ink
 * @param {Look} look
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
export function shape(ink, look, x, y, r) {
  const { context: c } = ink;
  c.fillStyle = c.strokeStyle = ink.get(typeof look === 'number' ? COLOURS[look] : look === 'ask' ? 'ink' : look);
  c.beginPath();
  if (look === 'ask') {
    c.lineWidth = 1.4;
    c.arc(x, y, 3.6, 0, 7);
    c.stroke();
    return;
  }
  if (look === 'danger') {
    c.lineWidth = 2;
    c.moveTo(x - r, y - r);
    c.lineTo(x + r, y + r);
    c.moveTo(x - r, y + r);
    c.lineTo(x + r, y - r);
    c.stroke();
    return;
  }
  if (look === 1) triangle(c, x, y, r);
  else if (look === 2) c.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else c.arc(x, y, r, 0, 7);
  c.fill();
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
export function triangle(c, x, y, r) {
  c.moveTo(x, y - r * 1.25);
  c.lineTo(x + r * 1.2, y + r);
  c.lineTo(x - r * 1.2, y + r);
}

/**
 * A consumer that asks and is not served yet holds out its ask.
 * @param {Ink} ink
 * @param {number} x
 * @param {number} y
 */
export function hand(ink, x, y) {
  const { context: c } = ink;
  c.beginPath();
  c.arc(x, y, 4.6, 0, 7);
  c.fillStyle = ink.get('ground');
  c.strokeStyle = ink.get('ink');
  c.lineWidth = 1.8;
  c.fill();
  c.stroke();
}

/**
 * Four corners around a part without walls that is to blame.
 * @param {Ink} ink
 * @param {string} tone
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
export function brackets(ink, tone, x, y, w, h) {
  const leg = 14;
  for (const [cx, cy, dx, dy] of [
    [x, y, leg, leg],
    [x + w, y, -leg, leg],
    [x, y + h, leg, -leg],
    [x + w, y + h, -leg, -leg],
  ]) {
    line(ink, tone, 3, [cx + dx, cy], [cx, cy], [cx, cy + dy]);
  }
}

/**
 * Clients that wait: heads and shoulders.
 * @param {Ink} ink
 * @param {string} colour
 * @param {number} count
 * @param {(index: number) => Spot} place
 */
export function heads(ink, colour, count, place) {
  const { context: c } = ink;
  c.fillStyle = ink.get(colour);
  c.beginPath();
  for (let index = 0; index < count; index += 1) {
    const [x, y] = place(index);
    c.moveTo(x + 2.3, y - 8.2);
    c.arc(x, y - 8.2, 2.3, 0, 7);
    c.moveTo(x - 3.6, y);
    c.arc(x, y - 1.4, 3.6, Math.PI, 0);
    c.lineTo(x + 3.6, y);
  }
  c.fill();
}
