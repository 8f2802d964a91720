// @ts-check
// Positions of updates as text.
//
// Responsible for: #412 in the first life of a room, 2·409 in its second. A number alone can occur twice.

/** @import { LastKill, Told } from './types.d.ts' */

/**
 * @param {{ life: number, n: number }} position
 */
export function positionText({ life, n }) {
  return life > 1 ? `${life}·${n}` : `#${n}`;
}

/**
 * A range of updates in one life: #409–412, or 2·409–412. A range of one is its position.
 * @param {number} life
 * @param {number} from
 * @param {number} to
 */
export function rangeText(life, from, to) {
  return from === to ? positionText({ life, n: from }) : `${positionText({ life, n: from })}–${to}`;
}

/**
 * How many updates a kill lost.
 * @param {Pick<LastKill, 'lost'> | null} kill
 */
export function lostBy(kill) {
  return kill?.lost ? kill.lost[1] - kill.lost[0] + 1 : 0;
}

/**
 * What a watcher was told last, in two words.
 * @param {Told} told
 */
export function toldText({ word, life, n, from, to }) {
  if (word === 'gap') return from === null || to === null ? 'gap' : `gap ${from === to ? from : `${from}–${to}`}`;
  return word === 'resumed' ? `resumed ${positionText({ life, n })}` : positionText({ life, n });
}
