// @ts-check
// The supervision tree: a box a supervisor, a capsule a process. A process can be chosen, and killed.
//
// Responsible for: the layout, the wires, and the buttons of a kill.

import { isOff } from '../control.js';
import { element, find, write } from '../dom.js';
import { shape } from './drawing.js';
import { positionText } from './position.js';

/** @import { Rooms, TreeNode } from './types.d.ts' */

/** @typedef {{ node: TreeNode, x: number, y: number, wide: number, parent: Placed | null }} Placed */

/** The processes of a room. */
const PARTS = ['room', 'backup', 'history'];
const HIGH = 3.6; // rem
const SPACE = 7; // rem, at most, between two nodes of a row
const LEVEL = 5; // rem, from one row to the next

/**
 * What a kill asks for: a part of the open room, or the registry.
 * @typedef {'room' | 'backup' | 'history' | 'both' | 'registry'} Killable
 */

/**
 * Places the nodes of a tree in rows, children evenly below their parent.
 * @param {TreeNode[]} nodes
 * @param {number} width
 * @param {number} rem
 * @returns {Placed[]}
 */
export function placeTree(nodes, width, rem) {
  const root = nodes.find(({ of }) => of === null);
  if (!root) return [];
  const below = nodes.filter(({ of }) => of === root.name);
  const opened = below.find(({ name }) => nodes.some(({ of }) => of === name));
  const parts = opened ? nodes.filter(({ of }) => of === opened.name) : [];
  const widest = Math.max(below.length, parts.length, 1);
  const wide = Math.min(11.2 * rem, width / widest - 0.8 * rem);
  /** @type {Placed} */
  const top = { node: root, x: width / 2, y: 0.4 * rem, wide, parent: null };
  const row = (
    /** @type {TreeNode[]} */ of,
    /** @type {Placed} */ parent,
    /** @type {number} */ from,
    /** @type {number} */ to,
  ) =>
    of.map((node, index) => {
      const x = of.length === 1 ? (from + to) / 2 : from + wide / 2 + (index * (to - from - wide)) / (of.length - 1);
      return { node, x, y: parent.y + LEVEL * rem, wide, parent };
    });
  const half = Math.min(width - 0.4 * rem, below.length * (wide + SPACE * rem)) / 2;
  const second = row(below, top, width / 2 - half, width / 2 + half);
  const above = second.find(({ node }) => node === opened);
  if (!above) return [top, ...second];
  const spread = Math.min(width - 0.4 * rem, below.length > 3 ? parts.length * (wide + 0.8 * rem) : width);
  const from = Math.max(0.2 * rem, Math.min(above.x - spread / 2, width - 0.2 * rem - spread));
  return [top, ...second, ...row(parts, above, from, from + spread - (from > 0 ? 0.2 * rem : 0))];
}

/**
 * What stands below a node's name.
 * @param {TreeNode} node
 */
export function saysOf({ says, life, n, kind, restarts }) {
  if (says) return restarts ? `${says}, ${restarts}×` : says;
  if (life !== undefined && n !== undefined) return life > 1 ? `life ${life} · #${n}` : positionText({ life, n });
  return kind;
}

export class Tree {
  /** @type {Killable | ''} */
  chosen = '';
  #place = find(document, '#tree');
  #bar = find(document, '#killbar');
  #wires = shape('svg', { class: 'wires', 'aria-hidden': 'true' });
  #hint = element('small', '', 'choose a process to kill it');
  #kill = element('button', 'kill');
  #both = element('button', '', 'Kill both');
  /** @type {Map<string, HTMLElement>} */
  #nodes = new Map();
  /** @type {Rooms | null} */
  #lab = null;
  #drawn = '';

  /**
   * @param {(what: Killable) => void} kill
   * @param {(room: string) => void} open
   * @param {() => void} changed
   */
  constructor(kill, open, changed) {
    this.open = open;
    this.changed = changed;
    this.#kill.type = this.#both.type = 'button';
    this.#kill.addEventListener('click', () => this.chosen && kill(this.chosen));
    this.#both.addEventListener('click', () => kill('both'));
    this.#bar.append(this.#hint, this.#kill, this.#both);
    this.#place.append(this.#wires);
    new ResizeObserver(() => this.#draw()).observe(this.#place);
    this.#label();
  }

  /** @param {Rooms} lab */
  update(lab) {
    this.#lab = lab;
    if (!lab.open && this.chosen && this.chosen !== 'registry') this.choose('');
    this.#draw();
    this.#label();
  }

  /** @param {Killable | ''} what */
  choose(what) {
    this.chosen = this.chosen === what ? '' : what;
    this.#drawn = '';
    this.#draw();
    this.#label();
    this.changed();
  }

  #label() {
    const isOfRoom = this.chosen === 'room' || this.chosen === 'backup';
    this.#hint.hidden = this.chosen !== '' || isOff();
    this.#kill.hidden = this.chosen === '';
    this.#both.hidden = !isOfRoom || this.#lab?.backup === 'none';
    this.#kill.disabled = this.#both.disabled = isOff();
    write(this.#kill, `Kill ${this.chosen}`);
  }

  #draw() {
    const lab = this.#lab;
    const width = this.#place.clientWidth;
    if (!lab || width === 0) return;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const hit = hitBy(lab);
    const key = JSON.stringify([lab.tree, width, rem, this.chosen, hit]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const placed = placeTree(lab.tree, width, rem);
    const fresh = new Map(
      placed.map((one) => [keyOf(one.node), this.#nodes.get(keyOf(one.node)) ?? this.#make(one.node)]),
    );
    for (const [name, node] of this.#nodes) if (!fresh.has(name)) node.remove();
    this.#nodes = fresh;
    for (const one of placed) this.#show(one, hit);
    const lowest = Math.max(0, ...placed.map(({ y }) => y)) + HIGH * rem + 0.4 * rem;
    this.#place.style.height = `${lowest}px`;
    this.#wires.setAttribute('width', String(width));
    this.#wires.setAttribute('height', String(lowest));
    this.#wires.replaceChildren(...placed.flatMap((one) => (one.parent ? [wire(one, one.parent, rem)] : [])));
  }

  /** @param {TreeNode} node */
  #make(node) {
    const what = killable(node);
    const isRoom = node.kind === 'supervisor' && node.of !== null && !isRest(node);
    const made = element(
      what || isRoom ? 'button' : 'div',
      `node ${node.kind}`,
      element('b', ''),
      element('small', ''),
    );
    if (made instanceof HTMLButtonElement) {
      made.type = 'button';
      made.addEventListener('click', () => (what ? this.choose(what) : this.open(node.name)));
    }
    this.#place.append(made);
    return made;
  }

  /**
   * @param {Placed} placed
   * @param {string} hit
   */
  #show({ node, x, y, wide }, hit) {
    const made = this.#nodes.get(keyOf(node));
    if (!made) return;
    const [name, says] = made.children;
    const isOthers = isRest(node);
    write(name, isOthers ? (node.says ?? '') : node.name);
    write(says, isOthers ? 'supervisors' : saysOf(node));
    made.style.left = `${x - wide / 2}px`;
    made.style.top = `${y}px`;
    made.style.width = `${wide}px`;
    const what = killable(node);
    if (what) made.setAttribute('aria-pressed', String(this.chosen === what));
    made.classList.toggle(
      'hit',
      PARTS.includes(node.name) && (hit === node.name || (hit === 'both' && node.name !== 'history')),
    );
  }
}

/** Whether a node stands for all rooms that are not shown. @param {TreeNode} node */
function isRest({ name, kind, says }) {
  return name === 'others' && kind === 'supervisor' && says !== undefined;
}

/** Nodes of two levels may have one name. @param {TreeNode} node */
function keyOf(node) {
  return `${node.of ?? ''}/${node.name} ${killable(node)}`;
}

/**
 * What a click on a node chooses; empty for a supervisor.
 * @param {TreeNode} node
 * @returns {Killable | ''}
 */
function killable({ name, kind, says }) {
  if (kind !== 'process' || says === 'none') return '';
  return name === 'registry' || PARTS.includes(name) ? /** @type {Killable} */ (name) : '';
}

/** The part of the open room that was killed last. @param {Rooms} lab */
function hitBy({ open }) {
  return open?.kill?.what ?? '';
}

/**
 * @param {Placed} one
 * @param {Placed} parent
 * @param {number} rem
 */
function wire({ x, y }, parent, rem) {
  const [from, middle] = [parent.y + HIGH * rem, (parent.y + HIGH * rem + y) / 2];
  return shape('path', { d: `M${parent.x} ${from}V${middle}H${x}V${y}` });
}
