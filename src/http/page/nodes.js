// @ts-check
// The table of the nodes: the servers that know each other, each with its ledger, and the sum.
//
// Responsible for: asking for the list every 2 s while the page is visible, and hiding the table of a single node.

import { element, find, head, write } from './dom.js';
import { format } from './format.js';
import { ask, messageOf } from './server.js';

/** @import { NodeLedger, NodeRow, NodesReport } from './node-list.d.ts' */

const EVERY_MS = 2000;
const SILENT_MS = 5000; // a node sends its ledger each second

/** @type {(keyof NodeLedger)[]} */
const COUNTS = ['accepted', 'recovered', 'done', 'failed', 'dropped', 'held'];
/** @type {keyof NodeLedger} */
const SHARED = 'shared';

export class Nodes {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;

  /**
   * @param {HTMLElement} card
   * @param {HTMLElement} link beside the bench's ledger
   */
  constructor(card, link) {
    this.card = card;
    this.link = link;
    this.said = find(card, 'p');
    this.table = find(card, 'table');
  }

  /** Asks for the list now, and from then on. */
  async follow() {
    clearTimeout(this.#next);
    if (!document.hidden) {
      try {
        this.#show(await ask('api/nodes'));
      } catch (error) {
        write(this.said, `The list of nodes could not be read: ${messageOf(error)}`);
      }
    }
    this.#next = setTimeout(() => this.follow(), EVERY_MS);
  }

  /** @param {NodesReport} report */
  #show({ nodes, sum, trouble }) {
    const isAlone = nodes.length < 2;
    this.card.hidden = this.link.hidden = isAlone && !trouble;
    write(this.link, `one of ${format.count(nodes.length)} nodes`);
    if (isAlone) write(this.link, 'no other node');
    write(this.said, trouble ?? '');
    // Only nodes with one queue have put events in for others, or taken events of others out.
    const counts = nodes.some(({ ledger }) => ledger.shared !== 0) ? [...COUNTS, SHARED] : COUNTS;
    const heads = ['node', ...counts, 'last heard'].map((text) =>
      head(text, 'col', text === 'node' || text === SHARED ? text : undefined),
    );
    const rows = nodes.map((node) =>
      element('tr', silent(node) ? 'silent' : '', named(node), ...counted(node.ledger, counts), heard(node)),
    );
    const all = element('tr', '', head('all nodes', 'row'), ...counted(sum, counts), element('td', '', ''));
    this.table.replaceChildren(
      element('thead', '', element('tr', '', ...heads)),
      element('tbody', '', ...rows),
      element('tfoot', '', all),
    );
  }
}

/** @param {NodeRow} node */
const silent = ({ seen_ms: seen }) => seen > SILENT_MS;

/** @param {NodeRow} node */
function named({ name, url, me }) {
  const cell = head('', 'row');
  // Only an address of the web becomes a link.
  const page = element('a', '', name);
  const isLink = !me && /^https?:\/\//.test(url);
  if (isLink) page.href = url;
  cell.append(isLink ? page : me ? `${name} (this one)` : name);
  return cell;
}

/**
 * @param {NodeLedger} ledger
 * @param {(keyof NodeLedger)[]} counts
 */
const counted = (ledger, counts) => counts.map((name) => element('td', '', format.count(ledger[name])));

/** @param {NodeRow} node */
const heard = (node) =>
  element('td', '', node.me ? 'now' : `${format.age(node.seen_ms)} ago${silent(node) ? ', silent' : ''}`);
