// @ts-check
// Many rooms at once: a small house each, on a canvas.
//
// Responsible for: the grid, the houses, the rings around killed rooms, and the room under the pointer.

import { element } from '../dom.js';
import { Surface } from '../labs/surface.js';
import { strokeOf } from './house.js';
import { positionText } from './position.js';

/** @import { Tooltip } from '../glossary.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Paper } from '../labs/surface.js' */
/** @import { RoomColumns, RoomLine } from './types.d.ts' */

/** @typedef {{ across: number, pitch: number, high: number }} Lattice */

const PHASES = { n: 'night', d: 'day', l: 'lobby', o: 'over' };
const RATIO = 0.84; // of a house, high to wide
const SMALLEST = 9; // px

/**
 * The rooms as columns, also where the server gives a record for each.
 * @param {RoomLine[]} rooms
 * @returns {RoomColumns}
 */
export function columnsOf(rooms) {
  return {
    name: rooms.map(({ name }) => name),
    phase: rooms.map(({ phase }) => phase[0]),
    n: rooms.map(({ n }) => n),
    life: rooms.map(({ life }) => life),
    state: rooms.map(({ state }) => state),
    killed_ms: rooms.map(({ killed_ms: ago }) => ago),
    lost: rooms.map(({ lost }) => lost),
  };
}

/**
 * A lattice of `count` houses that is as wide as its place and not much higher than `high`.
 * @param {number} count
 * @param {number} width
 * @param {number} high
 * @param {number} largest
 * @returns {Lattice}
 */
export function latticeOf(count, width, high, largest) {
  const fit = Math.sqrt((width * high) / (Math.max(1, count) * RATIO));
  const across = Math.max(1, Math.floor(width / Math.min(largest, Math.max(SMALLEST, fit))));
  const pitch = width / across;
  return { across, pitch, high: pitch * RATIO };
}

export class Crowd {
  /** @type {RoomColumns} */
  #rooms = columnsOf([]);
  /** @type {Lattice} */
  #lattice = { across: 1, pitch: 1, high: 1 };
  #opened = '';

  /**
   * @param {HTMLElement} place
   * @param {Palette} palette
   * @param {Tooltip} tooltip
   * @param {(name: string) => void} open
   */
  constructor(place, palette, tooltip, open) {
    this.palette = palette;
    this.tooltip = tooltip;
    const height = (/** @type {number} */ width, /** @type {number} */ rem) => {
      const count = this.#rooms.name.length;
      this.#lattice = latticeOf(count, width, (width < 500 ? 38 : 22.5) * rem, 3.2 * rem);
      return Math.ceil(count / this.#lattice.across) * this.#lattice.high + 0.8 * rem;
    };
    this.surface = new Surface(place, 'The village', height, (paper) => this.#draw(paper));
    this.surface.canvas.addEventListener('pointermove', (event) => this.#point(event));
    this.surface.canvas.addEventListener('pointerleave', () => tooltip.hide());
    this.surface.canvas.addEventListener('click', (event) => {
      const name = this.#rooms.name[this.#at(event)];
      if (name !== undefined) open(name);
    });
  }

  /**
   * @param {RoomColumns} rooms
   * @param {string} opened
   */
  update(rooms, opened) {
    this.#rooms = rooms;
    this.#opened = opened;
    const killed = rooms.name.filter((_, index) => this.#stroke(index) === 'struck').length;
    const words = `${rooms.name.length} rooms${killed > 0 ? `, ${killed} just killed` : ''}`;
    this.surface.canvas.setAttribute('aria-label', words);
    this.surface.redraw();
  }

  /** @param {number} index */
  #stroke(index) {
    const { state, killed_ms: ago, lost } = this.#rooms;
    return strokeOf({ state: state[index], killed_ms: ago[index], lost: lost[index] });
  }

  /** @param {Paper} paper */
  #draw({ pen }) {
    const { across, pitch, high } = this.#lattice;
    const [wide, tall] = [pitch * 0.72, high * 0.74];
    /** @type {[x: number, y: number, colour: string][]} */
    const rings = [];
    const colour = (/** @type {string} */ name) => this.palette.get(name);
    this.#rooms.name.forEach((name, index) => {
      const x = (index % across) * pitch + (pitch - wide) / 2;
      const y = Math.floor(index / across) * high + (high - tall) / 2 + 4;
      const stroke = this.#stroke(index);
      const phase = this.#rooms.phase[index];
      const isStruck = stroke === 'struck';
      const isLobby = phase === 'l' || phase === 'o';
      const [fill, edge] = isLobby ? ['well', 'edge'] : phase === 'n' ? ['night', 'night-edge'] : ['day', 'day-edge'];
      roof(pen, x, y, wide, tall);
      pen.globalAlpha = this.#rooms.state[index] === 'idle' ? 0.5 : 1;
      pen.fillStyle = colour(isStruck ? 'rogue' : fill);
      pen.fill();
      pen.strokeStyle = colour(isStruck ? 'rogue' : edge);
      pen.lineWidth = 0.75;
      pen.stroke();
      if (phase === 'n' && !isStruck) {
        pen.fillStyle = colour('lamp');
        for (const part of [0.14, 0.42, 0.7]) pen.fillRect(x + wide * part, y + tall * 0.56, wide * 0.17, tall * 0.24);
      }
      pen.globalAlpha = 1;
      if (stroke) rings.push([x + wide / 2, y + tall / 2, stroke === 'held' ? 'good' : 'danger']);
      if (name === this.#opened) rings.push([x + wide / 2, y + tall / 2, 'work']);
    });
    for (const [x, y, name] of rings) {
      pen.beginPath();
      pen.arc(x, y, Math.max(10, pitch * 0.85), 0, 7);
      pen.strokeStyle = colour('card');
      pen.lineWidth = 7;
      pen.stroke();
      pen.strokeStyle = colour(name);
      pen.lineWidth = 3;
      pen.stroke();
    }
  }

  /** The index of the room under the pointer. @param {{ offsetX: number, offsetY: number }} event */
  #at({ offsetX, offsetY }) {
    const { across, pitch, high } = this.#lattice;
    const column = Math.floor(offsetX / pitch);
    return column >= across ? -1 : Math.floor((offsetY - 4) / high) * across + column;
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const index = this.#at(event);
    const { name, phase, n, life, state } = this.#rooms;
    if (name[index] === undefined) return this.tooltip.hide();
    const at = positionText({ life: life[index], n: n[index] });
    const words = `${PHASES[/** @type {'n'} */ (phase[index])] ?? phase[index]}, ${at}, ${state[index]}`;
    this.tooltip.show(event.clientX, event.clientY, element('b', '', name[index]), element('p', '', words));
  }
}

/**
 * The outline of a house.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} tall
 */
function roof(pen, x, y, wide, tall) {
  pen.beginPath();
  pen.moveTo(x, y + tall * 0.42);
  pen.lineTo(x + wide / 2, y);
  pen.lineTo(x + wide, y + tall * 0.42);
  pen.lineTo(x + wide, y + tall);
  pen.lineTo(x, y + tall);
  pen.closePath();
}
