// @ts-check
// Tests of the pure parts of the rooms page, run in a browser: positions, threads, logs, houses, trees.
//
// Responsible for: the claims. unit.html runs them.

import { loadText } from '../rooms/controls.js';
import { latticeOf } from '../rooms/crowd.js';
import { usText } from '../rooms/figures.js';
import { strokeOf } from '../rooms/house.js';
import { lostBy, positionText, rangeText, resumedText } from '../rooms/position.js';
import { pastText } from '../rooms/records.js';
import { askText, linesOf } from '../rooms/seat-words.js';
import { threadOf } from '../rooms/thread.js';
import { placeTree, saysOf } from '../rooms/tree.js';
import { roomVerdict } from '../rooms/verdict.js';
import { equal, narrow, test } from './claims.js';

/** @import { ThreadUpdate, LastKill, LogLine, Open, SeatView, Status, TreeNode } from '../rooms/types.d.ts' */

/** @type {Status} */
const STATUS = {
  phase: 'night',
  day: 2,
  players: ['ada', 'ben', 'cy', 'dot'].map((name) => ({ name, alive: name !== 'dot' })),
  winner: null,
  log: [],
};

/** @param {Partial<LastKill>} [differs] @returns {LastKill} */
const kill = (differs = {}) => ({
  what: 'room',
  by_hand: true,
  ago_ms: 1000,
  acked: 412,
  backed: 408,
  lost: [409, 412],
  lost_updates: 4,
  down_ms: 0.8,
  life: 2,
  ...differs,
});

/** @param {number} life @param {number} n @param {boolean} [room] @returns {ThreadUpdate} */
const bead = (life, n, room = true) => ({ life, n, ack: true, room, backup: room, history: true });

/** @param {Partial<Open>} [differs] @returns {Open} */
const open = (differs = {}) => ({
  name: 'moon',
  generation: 1,
  life: 1,
  n: 412,
  state: 'up',
  status: STATUS,
  seat: null,
  log: [],
  thread: [],
  kill: null,
  told: [],
  ...differs,
});

/** @param {Partial<SeatView>} differs @returns {SeatView} */
const seat = (differs) => ({
  ...STATUS,
  you: 'ada',
  role: 'werewolf',
  may: null,
  chosen: null,
  speaks: true,
  ...differs,
});

test('a position shows its life from the second life on', () => {
  equal(positionText({ life: 1, n: 412 }), '#412');
  equal(positionText({ life: 2, n: 409 }), '2·409');
  equal([rangeText(1, 409, 412), rangeText(3, 4, 4)], ['#409–412', '3·4']);
  equal([resumedText(kill()), lostBy(kill()), lostBy(null)], ['2·412', 4, 0]);
});

test('a thread marks what is acknowledged and in no state, and the kill stands before the first move of the new life', () => {
  const beads = [bead(1, 408), bead(1, 409, false), bead(1, 410, false), bead(2, 409)];
  const thread = threadOf({ thread: beads, kill: kill() }, 'after');
  equal(
    thread.moves.map(({ isLost }) => isLost),
    [false, true, true, false],
  );
  equal([thread.cut, thread.word, thread.hasBackup], [3, 'room killed', true]);
  equal(threadOf({ thread: beads.slice(0, 3), kill: kill() }, 'after').cut, 3);
  equal(threadOf({ thread: [bead(2, 409)], kill: kill() }, 'after').cut, null);
  equal(threadOf({ thread: [], kill: kill() }, 'none').cut, null);
  const backup = kill({ what: 'backup', life: 1, lost: null, acked: 408 });
  equal(threadOf({ thread: [bead(1, 408), bead(1, 409)], kill: backup }, 'before').cut, 1);
});

test('a werewolf reads its whispers at their positions; others read that a werewolf acted', () => {
  /** @type {LogLine[]} */
  const log = [
    { life: 1, n: 412, text: 'a werewolf chose' },
    { life: 1, n: 411, text: 'ben: who was it?' },
    { life: 1, n: 410, text: 'night 2 fell' },
  ];
  const own = ['night 2 fell', 'ben: who was it?', 'ada chose dot'];
  const words = (/** @type {SeatView | null} */ view, /** @type {string} */ name) =>
    linesOf(open({ log }), view, name, null, 3).map(({ at, text }) => `${at} ${text}`);
  equal(words(seat({ log: own }), 'ada')[0], '#412 you chose dot');
  equal(words(seat({ you: 'ben', role: 'villager', log: own.slice(0, 2) }), 'ben')[0], '#412 a werewolf chose');
  equal(words(null, '').length, 3);
});

test('the bar of a restart stands between the lives, and stays while it is fresh', () => {
  /** @type {LogLine[]} */
  const log = [
    { life: 2, n: 411, text: 'cy joined' },
    { life: 2, n: 410, text: 'ben joined' },
    { life: 2, n: 409, text: 'ada joined' },
    { life: 2, n: 408, text: 'life 2 begins' },
    { life: 1, n: 412, text: 'updates 409 to 412 are lost', lost: true },
    { life: 1, n: 412, text: 'day 2 broke', lost: true },
  ];
  const kinds = (/** @type {LastKill} */ struck) =>
    linesOf(open({ log, life: 2, kill: struck }), null, '', null, 3).map(({ kind }) => kind);
  equal(kinds(kill()), ['line', 'gap', 'lost']);
  equal(kinds(kill({ ago_ms: 100_000 })), ['line', 'line', 'line']);
  const heard = /** @type {const} */ ({ kind: 'resumed', life: 2, n: 412, of: 0, from: 0, to: 0 });
  const lines = linesOf(open({ log: log.slice(0, 1) }), null, '', heard, 3);
  equal(lines[1].text, 'room restarted: resumed at 2·412');
});

test('a seat is asked for what the game waits for', () => {
  equal(askText(STATUS, seat({ may: { move: 'choose', targets: ['ben'] } }), 'ada'), 'Whom do you take tonight?');
  equal(askText(STATUS, seat({ chosen: 'ben' }), 'ada'), 'You chose ben.');
  equal(askText(STATUS, seat({ you: 'ben', role: 'villager' }), 'ben'), 'You sleep.');
  equal(askText(STATUS, null, 'dot'), 'You are out. You may only watch.');
  equal(askText({ ...STATUS, phase: 'lobby' }, null, 'zoe'), 'This seat is free.');
  equal(
    askText({ ...STATUS, phase: 'lobby', players: STATUS.players.slice(0, 3) }, null, 'ada'),
    '1 more player needed.',
  );
});

test('a house is struck for a while, then held or not', () => {
  const stroke = (/** @type {number | null} */ ago, lost = 0, state = 'up') =>
    strokeOf({ state, killed_ms: ago, lost });
  equal([stroke(null), stroke(100), stroke(1000), stroke(1000, 4), stroke(9000)], ['', 'struck', 'held', 'lost', '']);
  equal(stroke(null, 0, 'restarting'), 'struck');
});

test('the houses of a crowd fit their place', () => {
  for (const [count, width] of [
    [1000, 1206],
    [61, 350],
    [2000, 330],
    [1, 1206],
  ]) {
    const { across, pitch } = latticeOf(count, width, 225, 32);
    equal([Math.round(across * pitch), across >= 1, pitch >= 9], [width, true, true]);
  }
});

test('a tree is placed in rows, inside its width', () => {
  /** @type {TreeNode[]} */
  const nodes = [
    { name: 'rooms', kind: 'supervisor', of: null },
    { name: 'registry', kind: 'process', of: 'rooms' },
    { name: 'moon', kind: 'supervisor', of: 'rooms' },
    { name: 'others', kind: 'supervisor', of: 'rooms', says: '11 others' },
    ...['room', 'backup', 'history'].map((name) => ({ name, kind: /** @type {const} */ ('process'), of: 'moon' })),
  ];
  for (const width of [320, 410, 1206]) {
    const placed = placeTree(nodes, width, 10);
    equal(placed.length, 7);
    equal(placed.filter(({ x, wide }) => x - wide / 2 < 0 || x + wide / 2 > width + 0.01).length, 0);
    equal(new Set(placed.map(({ y }) => y)).size, 3);
  }
  equal(placeTree([], 400, 10), []);
  equal(saysOf({ name: 'room', kind: 'process', of: 'moon', life: 2, n: 410 }), 'life 2 · #410');
  equal(saysOf({ name: 'registry', kind: 'process', of: 'rooms', says: '12 names', restarts: 1 }), '12 names, 1×');
});

test('the verdict of a room names what a kill took', () => {
  const said = (/** @type {Partial<LastKill>} */ differs, backup = /** @type {const} */ ('after')) => {
    const { word, text } = roomVerdict(open({ kill: kill(differs) }), backup, '', ['ada', 'ben']);
    return [word, text];
  };
  equal(said({}), ['4 LOST', 'moon was killed. Its moves 409 to 412 were acknowledged, but not in the backup.']);
  equal(
    said({ lost: [412, 412], lost_updates: 1 })[1],
    'moon was killed. Its move 412 was acknowledged, but not in the backup.',
  );
  equal(said({ lost: null, lost_updates: 0 }), [
    'HELD',
    narrow('moon was killed and went on at 2·412 after 800_µs. No acknowledged move is lost.'),
  ]);
  equal(said({ ago_ms: 100_000 })[0], 'NIGHT 2');
  equal(roomVerdict(open(), 'before', 'room', ['ada', '']).word, 'PREDICT');
});

test('words of loads, times and histories', () => {
  equal(loadText(0, 3), 'no load');
  equal(loadText(0, 3, 40), 'none from this page');
  equal(loadText(5, 1000), '1,000 rooms, 5 moves/s each');
  equal([5.42, 11.2, 240.4, 1500].map(usText), ['5.4_µs', '11_µs', '240_µs', '1.50_ms'].map(narrow));
  equal(pastText({ kind: 'update', life: 1, n: 7, text: 'ada joined' }), ['#7', 'ada joined']);
  equal(pastText({ kind: 'gap', life: 1, from: 409, to: 412 }), ['', '#409–412 are missing']);
  equal(pastText({ kind: 'resumed', life: 2, n: 410 }), ['', 'room restarted: resumed at 2·410']);
});
