// @ts-check
// Tests of the tree of components: rows that stay in place, and orders that a click sends.
//
// Responsible for: the claims. unit.html runs them.

import { ComponentsTab } from '../components.js';
import { LabList } from '../lab-list.js';
import { placed, WorkerRows } from '../worker-rows.js';
import { equal, test } from './claims.js';

/** @import { StageNode, WorkerNode } from '../tree.d.ts' */

/**
 * @param {number} id
 * @param {Partial<WorkerNode>} [more]
 * @returns {WorkerNode}
 */
const worker = (id, more = {}) => ({ id, event: null, age_ms: null, at_door: false, held: 0, prefetched: [], ...more });

/** @type {StageNode} */
const stage = {
  name: 'consumers',
  kind: 'pool',
  state: 'running',
  restarts: 0,
  events_in: 0,
  events_out: 0,
  asked: 0,
  demand: 0,
  buffered: 0,
  held: 0,
  busy_s: 0,
  busy_share: null,
  source: 'worker.rs',
  since_s: 0,
  paused: false,
  last_end: null,
  workers: [],
  rest: null,
};

/** @param {WorkerRows} rows */
const texts = (rows) => [...rows.list.children].map((line) => line.textContent);

test('a worker keeps its row, and a new one takes the row of one that is gone', () => {
  const ids = (/** @type {number[]} */ now, /** @type {number[]} */ rows) =>
    placed(
      now.map((id) => worker(id)),
      rows.map((id) => ({ id })),
    ).map(({ id }) => id);
  equal(ids([3, 1, 2], [-1, -1, -1]), [1, 2, 3]);
  equal(ids([3, 9, 1], [1, 2, 3]), [1, 9, 3]);
  equal(ids([8, 9], [1, 9]), [8, 9]);
});

test('a row has the event in hand, its age and what is prefetched; the rest is summed', () => {
  const rows = new WorkerRows(() => {});
  const workers = [
    worker(7, { event: 12, age_ms: 250, held: 8, prefetched: [13, 14, 15, 16, 17, 18, 19, 20] }),
    worker(8, { event: 30, age_ms: 0, at_door: true }),
    worker(9),
  ];
  rows.take({ ...stage, workers, rest: { workers: 40, busy: 30, held: 2 } }, 500, '');
  equal(texts(rows), [
    '7event 12, 250\u202fms8 prefetched: 13 14 15 16 17 18 …Kill',
    "8event 30, at the resource's doorKill",
    '9waits for an eventKill',
    'and 40 more: 30 busy, 2 prefetched',
  ]);
  const bars = [...rows.list.querySelectorAll('.age i')].map((bar) => /** @type {HTMLElement} */ (bar).style.width);
  equal(bars, ['50%', '0%', '0%']);
});

test('all buttons of workers are one tab stop, and arrow keys move along them', () => {
  const rows = new WorkerRows(() => {});
  document.body.append(rows.list);
  rows.take({ ...stage, workers: [worker(1), worker(2), worker(3)] }, 500, '');
  const buttons = [...rows.list.querySelectorAll('button')];
  equal(
    buttons.map((button) => button.tabIndex),
    [0, -1, -1],
  );
  buttons[0].focus();
  for (const [key, at] of /** @type {[string, number][]} */ ([
    ['ArrowDown', 1],
    ['End', 2],
    ['ArrowDown', 2],
    ['ArrowUp', 1],
    ['Home', 0],
  ])) {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    equal([key, buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement))], [key, at]);
  }
  rows.list.remove();
});

test('a page that may not change anything has its buttons disabled, with the reason', () => {
  const rows = new WorkerRows(() => {});
  rows.take({ ...stage, workers: [worker(1)] }, 500, 'read-only');
  const button = rows.list.querySelector('button');
  equal([button?.disabled, button?.title], [true, 'read-only']);
});

test('a click on Kill sends one order, and says so until the answer is there', () => {
  const section = document.createElement('section');
  for (const name of ['cost', 'by-order', 'tree']) {
    const part = document.createElement('div');
    part.className = name;
    section.append(part);
  }
  const { fetch } = window;
  /** @type {[string, string][]} */
  const sent = [];
  window.fetch = (path, options) => {
    sent.push([String(path), options?.method ?? 'GET']);
    return new Promise(() => {});
  };
  const tab = new ComponentsTab(section, () => {});
  tab.update(/** @type {any} */ ({ components: [stage], consumers: { concurrency: 1 } }));
  const kill = [...section.querySelectorAll('button')].find((button) => button.textContent === 'Kill');
  kill?.click();
  kill?.click();
  window.fetch = fetch;
  equal(sent, [['api/components/consumers/kill', 'POST']]);
  equal(section.querySelector('.cost')?.textContent, 'kill consumers …');
});

test('a lab is listed with its parts and the way to its page, and a part keeps its row', () => {
  /** @param {'running' | 'lost'} state @param {string} says */
  const jobs = (state, says) => ({ name: 'jobs', parts: [{ name: 'weir-jobs-0', state, says }] });
  const list = new LabList();
  list.take([jobs('running', '3 % of a core')]);
  const row = list.node.querySelector('li');
  equal(list.node.querySelector('a')?.getAttribute('href'), 'jobs');
  equal(list.node.querySelector('.words')?.textContent, 'Orders to it are on the jobs page and in weir jobs.');
  list.take([jobs('lost', 'kept by job 7')]);
  equal(list.node.querySelector('li') === row, true);
  equal([row?.textContent, row?.querySelector('i')?.className], ['weir-jobs-0 lostkept by job 7', 'mark lost']);
  list.take([]);
  equal(list.node.childNodes.length, 0);
});
