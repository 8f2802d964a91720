// @ts-check
// The rooms of other nodes, below the village.
//
// Responsible for: a line for each node, with a link to its page for each of its rooms.

import { element, find, write } from '../dom.js';
import { format } from '../format.js';

/** @import { Elsewhere, FarRoom } from './types.d.ts' */

const LINKS = 24; // the rest is a number

/** The page of a room at its node, or empty if the node named no address. @param {FarRoom} room */
export function pageOf({ name, url }) {
  return /^https?:\/\//.test(url) ? `${url}/rooms?room=${encodeURIComponent(name)}` : '';
}

export class Far {
  #box = find(document, '#far');
  #drawn = '';
  /** @type {Map<string, FarRoom>} */
  #rooms = new Map();

  /** @param {Elsewhere} elsewhere */
  update({ count, first }) {
    this.#rooms = new Map(first.map((room) => [room.name, room]));
    this.#box.hidden = count === 0;
    const shown = first.slice(0, LINKS);
    const key = JSON.stringify([count, shown]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const nodes = [...new Set(shown.map(({ node }) => node))].sort();
    const rows = nodes.map((node) => {
      const links = shown.filter((room) => room.node === node).map(link);
      return element('p', '', element('b', '', `At ${node}`), ...links);
    });
    const rest = count - shown.length;
    if (rest > 0) rows.push(element('p', '', `and ${format.count(rest)} more at other nodes`));
    this.#box.replaceChildren(...rows);
  }

  /** Returns a room of another node. @param {string} name */
  find(name) {
    return this.#rooms.get(name);
  }
}

/** @param {FarRoom} room */
function link(room) {
  const page = pageOf(room);
  const node = /** @type {HTMLAnchorElement} */ (element(page ? 'a' : 'span', ''));
  if (page) node.href = page;
  node.title = `generation ${room.generation}`;
  write(node, room.name);
  return node;
}
