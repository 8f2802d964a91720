// @ts-check
// A room as a house: dark by night, light by day, with a lit window for each living player.
//
// Responsible for: its drawing, its words, and for changing only what differs.

import { element, write } from '../dom.js';
import { shape } from './drawing.js';
import { positionText } from './position.js';

/** @import { RoomLine } from './types.d.ts' */

const STRUCK_MS = 600; // a restart takes less than a millisecond, and would not be seen
const BACK_MS = 4000;

/**
 * How a room stands after a kill: struck, back with nothing lost, or back with a loss.
 * @param {{ state: string, killed_ms: number | null, lost: number }} room
 * @returns {'' | 'struck' | 'held' | 'lost'}
 */
export function strokeOf({ state, killed_ms: ago, lost }) {
  if (state === 'restarting' || (ago !== null && ago < STRUCK_MS)) return 'struck';
  if (ago === null || ago > BACK_MS) return '';
  return lost > 0 ? 'lost' : 'held';
}

/** What stands beside a room's name. @param {RoomLine} room */
export function stateText(room) {
  return room.phase === 'lobby' && room.n < 1000 ? 'lobby' : positionText(room);
}

export class House {
  #drawn = '';
  #svg = /** @type {SVGSVGElement} */ (shape('svg', { viewBox: '0 0 112 84', 'aria-hidden': 'true' }));
  #name = element('b', '');
  #state = element('span', '');
  node = element('button', 'house');

  /** @param {(name: string) => void} open */
  constructor(open) {
    this.name = '';
    this.node.type = 'button';
    this.node.addEventListener('click', () => open(this.name));
    this.node.append(this.#svg, element('span', 'name', this.#name, ' ', this.#state));
  }

  /**
   * @param {RoomLine} room
   * @param {boolean} isOpen
   */
  update(room, isOpen) {
    const stroke = strokeOf(room);
    const key = [room.phase, room.alive, room.players, room.state, stroke].join();
    this.name = room.name;
    write(this.#name, room.name);
    write(this.#state, stateText(room));
    const label = labelOf(room, stroke);
    if (this.node.getAttribute('aria-label') !== label) this.node.setAttribute('aria-label', label);
    const pressed = String(isOpen);
    if (this.node.getAttribute('aria-pressed') !== pressed) this.node.setAttribute('aria-pressed', pressed);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.node.dataset.stroke = stroke;
    this.node.classList.toggle('is-idle', room.state === 'idle');
    this.#svg.replaceChildren(...draw(room, stroke));
  }
}

/**
 * @param {RoomLine} room
 * @param {string} stroke
 * @returns {Node[]}
 */
function draw({ phase, alive, players }, stroke) {
  const look = stroke === 'struck' ? 'down' : phase;
  const shapes = [shape('path', { d: 'M6 34 56 8l50 26v48H6z', class: `wall ${look}` })];
  const across = players > 8 ? 6 : 4;
  const pitch = players > 8 ? 14 : 20.7;
  for (let index = 0; index < Math.min(players, 12); index += 1) {
    const x = (players > 8 ? 15 : 17) + (index % across) * pitch;
    const y = 42 + Math.floor(index / across) * 19;
    const isLit = index < alive && look !== 'down' && phase !== 'lobby';
    const pane = { x, y, width: pitch - 5.5, height: 13, rx: 2 };
    shapes.push(shape('rect', { ...pane, class: `pane ${look} ${isLit ? 'lit' : 'out'}` }));
  }
  if (look === 'night') shapes.push(shape('path', { d: 'M59 20a6 6 0 1 1-5-8.5 5 5 0 0 0 5 8.5z', class: 'moon' }));
  if (look === 'day') shapes.push(shape('circle', { cx: 56, cy: 22, r: 4.5, class: 'sun' }));
  if (look === 'over') shapes.push(shape('path', { d: 'M50 22h12', class: 'over-mark' }));
  if (stroke) shapes.push(shape('path', { d: 'M6 34 56 8l50 26v48H6z', class: `stroke ${stroke}` }));
  return shapes;
}

/**
 * @param {RoomLine} room
 * @param {string} stroke
 */
function labelOf(room, stroke) {
  const phase = room.phase === 'night' || room.phase === 'day' ? `${room.phase} ${room.day}` : room.phase;
  const alive = room.phase === 'lobby' ? `${room.players} players` : `${room.alive} of ${room.players} alive`;
  const hit = { '': '', struck: ', killed', held: ', back, nothing lost', lost: `, back, ${room.lost} lost` }[stroke];
  return `${room.name} ${stateText(room)}, ${phase}, ${alive}${room.state === 'idle' ? ', idle' : ''}${hit}`;
}
