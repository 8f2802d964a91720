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
 * @param {Pick<LastKill, 'lost_updates'> | null} kill
 */
export function lostBy(kill) {
  return kill?.lost_updates ?? 0;
}

/**
 * What a watcher heard last, in two words.
 * @param {Told} told
 * @param {LastKill | null} kill
 */
export function toldText({ word, life, n, from, to }, kill) {
  if (word === 'gap') return from === null || to === null ? 'gap' : `gap ${from === to ? from : `${from}–${to}`}`;
  return word === 'resumed' && kill ? `resumed ${resumedText(kill)}` : positionText({ life, n });
}

/**
 * The position at which a room went on with nothing lost: the updates until then, in the life that began.
 * @param {Pick<LastKill, 'life' | 'acked'>} kill
 */
export function resumedText({ life, acked }) {
  return positionText({ life, n: acked });
}
