// @ts-check
// The thread of moves: a column a move, a row a process; what a kill takes is in a red frame.
//
// Responsible for: which moves are lost, where the kill struck, and the drawing.

import { shape } from './drawing.js';
import { positionText } from './position.js';

/** @import { Backup, ThreadUpdate, LastKill } from './types.d.ts' */
/** @import { Sheet } from './drawing.js' */

/** @typedef {'ack' | 'room' | 'backup' | 'history'} Lane */
/** @typedef {ThreadUpdate & { isLost: boolean }} Move */
/**
 * @typedef {object} Thread
 * @property {Move[]} moves
 * @property {number | null} cut the index of the first move after the kill
 * @property {string} word at the cut
 * @property {Lane[]} lanes
 * @property {boolean} hasBackup
 * @property {boolean} [isSmall]
 */

/** @type {Record<Lane, string>} */
const NAMES = { ack: 'acknowledged', room: 'room', backup: 'backup', history: 'history' };
const TICK = 0.74; // of a dot's radius
const FINE = 7; // px; a smaller dot has finer dashes

/**
 * The thread of a room.
 * @param {{ thread: ThreadUpdate[], kill: LastKill | null }} open
 * @param {Backup} backup
 * @returns {Thread}
 */
export function threadOf({ thread, kill }, backup) {
  const moves = thread.map((bead) => ({ ...bead, isLost: bead.ack && !bead.room }));
  /** @type {Lane[]} */
  const lanes = ['ack', 'room', 'backup', 'history'];
  return { moves, cut: cutOf(moves, kill), word: `${kill?.what ?? ''} killed`, lanes, hasBackup: backup !== 'none' };
}

/**
 * Where the kill struck; null if all moves came after it.
 * @param {ThreadUpdate[]} moves
 * @param {LastKill | null} kill
 */
function cutOf(moves, kill) {
  if (!kill || moves.length === 0) return null;
  // The end of a backup or of the history begins no new life of the room.
  const isNewLife = kill.what === 'room' || kill.what === 'both';
  const isAfter = (/** @type {ThreadUpdate} */ { life, n }) =>
    isNewLife ? life >= kill.life : life > kill.life || (life === kill.life && n > kill.acked);
  const first = moves.findIndex(isAfter);
  if (first === 0) return null;
  return first < 0 ? moves.length : first;
}

/**
 * @param {Thread} thread
 * @param {Sheet} sheet
 */
export function drawThread({ moves, cut, word, lanes, hasBackup, isSmall = false }, { width, rem }) {
  const isNarrow = width < 500;
  const isShown = document.documentElement.classList.contains('present');
  const left = (isSmall || isNarrow ? 9.8 : 11.2) * rem;
  const right = width - 0.8 * rem;
  const top = 3 * rem;
  const gap = (isSmall ? 3.4 : isShown ? 3.6 : 2.5) * rem;
  const step = (right - 0.6 * rem - left) / Math.max(8, moves.length);
  const radius = Math.min((isSmall ? 0.85 : 0.95) * rem, step * 0.42);
  const x = (/** @type {number} */ index) => left + step * (index + 0.5);
  const y = (/** @type {number} */ lane) => top + 1.4 * rem + lane * gap;
  const bottom = y(lanes.length - 1) + 1.6 * rem;
  const shapes = frame(moves, x, step, top, bottom, rem);
  lanes.forEach((lane, row) => {
    shapes.push(
      shape('text', { x: 0, y: y(row) + 0.45 * rem, class: 'lane' }, NAMES[lane]),
      shape('path', { d: `M${left} ${y(row)}H${right}`, class: 'wire' }),
    );
  });
  const shown = lanes.map((lane, row) => ({ lane, row })).filter(({ lane }) => hasBackup || lane !== 'backup');
  const widest = Math.max(1, ...moves.map((move) => labelOf(move).length));
  const each = Math.ceil(((widest + 0.4) * 0.76 * rem) / step);
  moves.forEach((move, index) => {
    if ((moves.length - 1 - index) % each === 0)
      shapes.push(
        shape(
          'text',
          { x: x(index), y: top - 0.5 * rem, class: move.isLost ? 'number lost' : 'number' },
          labelOf(move),
        ),
      );
    shapes.push(...shown.flatMap(({ lane, row }) => bead(move, lane, x(index), y(row), radius)));
  });
  if (cut !== null) {
    const at = left + step * cut;
    const anchor = at > width - 7 * rem ? 'end' : 'middle';
    shapes.push(
      shape('path', { d: `M${at} ${top - 1.6 * rem}V${bottom}`, class: 'cut' }),
      shape('text', { x: at, y: top - 1.9 * rem, class: 'cut-word', 'text-anchor': anchor }, word),
    );
  }
  return { height: bottom + 0.4 * rem, label: describe(moves, cut, word), shapes };
}

/** Within a thread the sign # would only be noise. @param {ThreadUpdate} move */
function labelOf(move) {
  return move.life > 1 ? positionText(move) : String(move.n);
}

/**
 * The red frame around lost moves.
 * @param {Move[]} moves
 * @param {(index: number) => number} x
 * @param {number} step
 * @param {number} top
 * @param {number} bottom
 * @param {number} rem
 * @returns {Node[]}
 */
function frame(moves, x, step, top, bottom, rem) {
  const lost = moves.flatMap(({ isLost }, index) => (isLost ? [index] : []));
  const [first, last] = [lost[0], lost.at(-1)];
  if (first === undefined || last === undefined) return [];
  const from = x(first) - step * 0.46;
  const box = { x: from, y: top - 0.1 * rem, width: x(last) + step * 0.46 - from, height: bottom - top, rx: 0.6 * rem };
  return [shape('rect', { ...box, class: 'lost-frame' })];
}

/**
 * One move in one lane: a tick, a dot, or a hollow dot where it is missing.
 * @param {Move} move
 * @param {Lane} lane
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @returns {Node[]}
 */
function bead(move, lane, x, y, radius) {
  if (lane === 'ack') {
    if (!move.ack) return [];
    const size = radius * TICK;
    const path = `M${x - size} ${y}l${0.72 * size} ${0.82 * size} ${1.28 * size}-${1.64 * size}`;
    return [shape('path', { d: path, class: move.isLost ? 'tick lost' : 'tick' })];
  }
  const kind = move[lane] ? lane : move.isLost ? 'gone' : 'missing';
  return [shape('circle', { cx: x, cy: y, r: radius, class: radius < FINE ? `dot ${kind} small` : `dot ${kind}` })];
}

/**
 * @param {Move[]} moves
 * @param {number | null} cut
 * @param {string} word
 */
function describe(moves, cut, word) {
  const [first, last] = [moves[0], moves.at(-1)];
  if (!first || !last) return 'No moves yet';
  const lost = moves.filter(({ isLost }) => isLost).length;
  const struck = cut === null ? '' : `, ${word}`;
  return `Moves ${positionText(first)} to ${positionText(last)}${struck}${lost > 0 ? `, ${lost} of them lost` : ''}`;
}
