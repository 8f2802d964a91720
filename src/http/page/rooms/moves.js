// @ts-check
// Moves of this page's players.
//
// Responsible for: the page's own number of each move. A move whose outcome is unknown is sent again under the same
// number, and the room makes it once.

import { codeOf, statusOf, tell } from '../server.js';

const TRIES = 4;
const WAIT_MS = 150;
const UNKNOWN = 503;

/** Drawn anew with each load of the page, so that two tabs are two clients. */
const client = drawn();
let number = 0;

/** A number of 64 bits, in hexadecimal. */
function drawn() {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
}

/**
 * Makes a move, and returns its position.
 * @param {string} room
 * @param {{ move: string, player: string, target?: string, text?: string }} command
 * @returns {Promise<{ life: number, n: number, repeated: boolean }>}
 */
export async function makeMove(room, command) {
  number += 1;
  const body = { ...command, client, number };
  for (let tries = 1; ; tries += 1) {
    try {
      return await tell(`api/rooms/${encodeURIComponent(room)}/move`, body);
    } catch (error) {
      const isUnknown = statusOf(error) === UNKNOWN || codeOf(error) === 'unknown';
      if (!isUnknown || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}
