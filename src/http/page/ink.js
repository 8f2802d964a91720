// @ts-check
// Shapes on a canvas that need no state.

/** @typedef {[x: number, y: number]} Spot */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Spot} from
 * @param {Spot} to
 */
export function stroke(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {...Spot} corners
 */
export function polygon(context, ...corners) {
  context.beginPath();
  for (const corner of corners) context.lineTo(...corner);
  context.fill();
}
