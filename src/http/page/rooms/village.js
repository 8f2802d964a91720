// @ts-check
// The village: a house a room, or a crowd of small houses where there are many.
//
// Responsible for: which of the two is shown, and the form that opens a room, also one of another node, or creates it.

import { isOff } from '../control.js';
import { find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { messageOf, tell } from '../server.js';
import { Crowd, columnsOf } from './crowd.js';
import { Far, pageOf } from './far.js';
import { House } from './house.js';

/** @import { Tooltip } from '../glossary.js' */
/** @import { Palette } from '../palette.js' */
/** @import { RoomColumns, RoomLine, Rooms } from './types.d.ts' */

const HOUSES = 60; // more rooms are drawn as a crowd
const NAMES = [
  'moon',
  'star',
  'comet',
  'harbour',
  'mill',
  'orchard',
  'lantern',
  'quarry',
  'heron',
  'juniper',
  'saddle',
  'tinder',
];

export class Village {
  #list = find(document, '#houses');
  #crowdBox = find(document, '#crowd');
  #hint = find(document, '#village-hint');
  #empty = find(document, '#no-rooms');
  #input = findAs(HTMLInputElement, document, '#room-name');
  #submit = findAs(HTMLButtonElement, document, '#room-go');
  #many = findAs(HTMLButtonElement, document, '#many');
  #far = new Far();
  /** @type {Map<string, House>} */
  #houses = new Map();
  /** @type {Set<string>} */
  #names = new Set();

  /**
   * @param {Palette} palette
   * @param {Tooltip} tooltip
   * @param {(name: string) => void} open
   * @param {(text: string, alarm?: boolean) => void} report
   */
  constructor(palette, tooltip, open, report) {
    this.open = open;
    this.report = report;
    this.crowd = new Crowd(this.#crowdBox, palette, tooltip, open);
    find(document, '#room-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#go(this.#input.value.trim());
    });
    this.#input.addEventListener('input', () => this.#label());
    find(document, '#twelve').addEventListener('click', () => this.#twelve());
    this.#many.addEventListener('click', () => this.#thousand());
    find(document, '[data-do=twelve]').addEventListener('click', () => this.#twelve());
    find(document, '[data-do=many]').addEventListener('click', () => this.#thousand());
  }

  /**
   * @param {Rooms} lab
   * @param {string} opened the name of the open room, or empty
   */
  update(lab, opened) {
    const { rooms } = lab;
    const columns = lab.columns ?? (rooms.length > HOUSES ? columnsOf(rooms) : null);
    const names = columns?.name ?? rooms.map(({ name }) => name);
    this.#names = new Set(names);
    this.#empty.hidden = names.length > 0;
    this.#list.hidden = columns !== null || names.length === 0;
    this.#crowdBox.hidden = columns === null;
    document.body.classList.toggle('crowded', columns !== null);
    write(this.#hint, columns ? 'a house is a room' : 'a house is a room, a lit window a living player');
    if (columns) this.crowd.update(columns, opened);
    else this.#houseAll(rooms, opened);
    this.#far.update(lab.elsewhere);
    this.#label();
    const isMany = names.some((name) => name.startsWith('r-'));
    write(this.#many, isMany ? 'Remove the rooms r-…' : 'Create 1,000 rooms');
    this.#many.value = isMany ? 'remove' : 'create';
    for (const button of [this.#many, findAs(HTMLButtonElement, document, '#twelve')]) button.disabled = isOff();
  }

  /**
   * @param {RoomLine[]} rooms
   * @param {string} opened
   */
  #houseAll(rooms, opened) {
    const kept = new Map(rooms.map(({ name }) => [name, this.#houses.get(name) ?? new House(this.open)]));
    for (const [name, house] of this.#houses) if (!kept.has(name)) house.node.remove();
    this.#houses = kept;
    rooms.forEach((room, index) => {
      const house = kept.get(room.name);
      if (!house) return;
      house.update(room, room.name === opened);
      if (this.#list.children[index] !== house.node)
        this.#list.insertBefore(house.node, this.#list.children[index] ?? null);
    });
  }

  #label() {
    const name = this.#input.value.trim();
    const isKnown = this.#names.has(name) || this.#far.find(name) !== undefined;
    write(this.#submit, isKnown ? 'Open' : 'Create');
    this.#submit.disabled = !isKnown && isOff();
  }

  /** Opens a room, and creates it first if there is none of this name. @param {string} name */
  async #go(name) {
    if (!name) return;
    const far = this.#far.find(name);
    if (far && pageOf(far)) return location.assign(pageOf(far));
    if (this.#names.has(name) || (await this.#create(name))) {
      this.#input.value = '';
      this.open(name);
    }
  }

  /** @param {string} name */
  async #create(name) {
    try {
      await tell('api/rooms', { name });
      this.report(`room ${name} is created`);
      return true;
    } catch (error) {
      this.report(`${name} is not created: ${messageOf(error)}`, true);
      return false;
    }
  }

  /** A village that plays by itself. */
  async #twelve() {
    for (const name of NAMES) {
      if (!this.#names.has(name) && !(await this.#create(name))) return;
    }
    try {
      await Promise.all(NAMES.slice(0, -1).map((name) => tell(`api/rooms/${name}/play?rate=0.3`, null)));
      this.report('12 rooms; 11 of them play');
    } catch (error) {
      this.report(`The rooms do not play: ${messageOf(error)}`, true);
    }
  }

  async #thousand() {
    try {
      if (this.#many.value === 'remove') {
        await tell('api/rooms?prefix=r-', null, { method: 'DELETE', limit: 30_000 });
        return this.report('the rooms r-… are removed');
      }
      const { created } = await tell('api/rooms/many', { prefix: 'r', count: 1000 }, { limit: 30_000 });
      this.report(`${format.count(created)} rooms are created`);
    } catch (error) {
      this.report(messageOf(error), true);
    }
  }
}
