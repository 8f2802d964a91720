// @ts-check
// The figures of the house, once above the village and once beside an open room.
//
// Responsible for: which values they show, and which of them is bad.

import { format } from '../format.js';
import { Figure } from '../labs/figure.js';

/** @import { Rooms } from './types.d.ts' */

/**
 * A time in microseconds, and its unit behind a narrow space.
 * @param {number | null | undefined} us
 */
export function usText(us) {
  if (us === null || us === undefined) return '–';
  if (us >= 1000) return format.ms(us / 1000);
  return `${us >= 100 ? Math.round(us) : us >= 10 ? us.toFixed(0) : us.toFixed(1)}\u202fµs`;
}

export class Figures {
  #rooms = new Figure('#f-rooms');
  #moves = new Figure('#f-moves');
  #p99 = new Figure('#f-p99');
  #kills = new Figure('#f-kills');
  #lost = new Figure('#f-lost');
  #lostHere = new Figure('#f-lost-here');
  #p50 = new Figure('#f-p50');

  /** @param {Rooms} lab */
  update({ now, ledger }) {
    const tone = ledger.lost > 0 ? 'bad' : '';
    this.#rooms.show(format.count(now.rooms));
    this.#moves.show(`${format.count(now.moves_s)}\u202f/s`);
    this.#p99.show(usText(now.ack_us?.p99));
    this.#kills.show(format.count(now.kills));
    this.#lost.show(format.count(ledger.lost), tone);
    this.#lostHere.show(`${format.count(ledger.lost)}\u202fof ${format.count(ledger.acknowledged)}`, tone);
    this.#p50.show(usText(now.ack_us?.p50));
  }
}
