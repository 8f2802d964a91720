// @ts-check
// The wiring of the rooms lab: a socket, whose records go to the parts of the page.
//
// Responsible for: the order of things at the start, which room and which seats are open, and kills. Each part has a
// file beside this one; labs/ has what every lab has.

import { follow, isOff, renew, whyOff } from '../control.js';
import { find, findAll, findAs, write } from '../dom.js';
import { Glossary, Tooltip } from '../glossary.js';
import { listenForKeys } from '../keys.js';
import { LedgerLine } from '../labs/figure.js';
import { Link } from '../labs/link.js';
import { Score } from '../labs/score.js';
import { Series } from '../labs/series.js';
import { LabSocket } from '../labs/socket.js';
import { LOST, VerdictLine } from '../labs/verdict.js';
import { Palette } from '../palette.js';
import { code } from '../prose.js';
import { ask, messageOf, order, statusOf, tell } from '../server.js';
import { switchTheme } from '../theme.js';
import { Board, snapshotIn, socketPath } from './board.js';
import { Controls } from './controls.js';
import { Figures } from './figures.js';
import { historyOf, marksOf, PANELS, quieten } from './panels.js';
import { Records } from './records.js';
import { Tree } from './tree.js';
import { houseVerdict, roomVerdict } from './verdict.js';
import { Village } from './village.js';

/** @import { Compare } from './compare.js' */
/** @import { Rooms } from './types.d.ts' */
/** @import { Killable } from './tree.js' */

const SAID_MS = 8000;
const POINTS = 240; // of the history
const MARKS = 120; // a kill a second for two minutes

const $ = (/** @type {string} */ selector) => find(document, selector);
const address = () => new URLSearchParams(location.search);
/** A seat in a tab of its own. */
const alone = address().get('seat') ?? '';
let room = address().get('room') ?? '';

const palette = new Palette();
const tooltip = new Tooltip();
// The elements made below have a definition on hover, but no tab stops: there would be too many.
new Glossary(tooltip);
const series = new Series(POINTS, MARKS);
const verdict = new VerdictLine();
const link = new Link();
const figures = new Figures();
const controls = new Controls(say);
const village = new Village(palette, tooltip, toggleRoom, say);
const board = new Board(alone !== '', reconnect, say);
const tree = new Tree(kill, openRoom, () => latest && render(latest));
const records = new Records();
const score = new Score($('#score'), 'The last 60 seconds', series, PANELS, { palette, tooltip });
const names = { in_state: 'in the state' };
const parts = /** @type {import('../labs/figure.js').Part[]} */ ([['in_state'], ['lost', true]]);
const ledgers = findAll(document, '.ledger-line').map(
  (box) => new LedgerLine(box, 'acknowledged', parts, ['unanswered'], names),
);

/** @type {Rooms | null} the newest */
let latest = null;
/** The comparison, once it has been shown. @type {Compare | null} */
let compare = null;
/** @type {LabSocket} */
let socket;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let clearing;

// ---- records ----

/** @param {Rooms} lab */
function receive(lab) {
  if (latest !== null && lab.ledger.acknowledged < latest.ledger.acknowledged) series.clear();
  latest = lab;
  if (lab.at_ms < series.now) series.clear(); // the server has been restarted
  series.take(lab.at_ms, historyOf(lab), marksOf(lab, series));
  quieten(series);
  if (!document.hidden) render(lab);
}

/** @param {Rooms} lab */
function render(lab) {
  follow(lab);
  const open = lab.open ?? null;
  figures.update(lab);
  controls.update(lab);
  village.update(lab, open?.name ?? '');
  layOut(open !== null);
  if (open) board.update(open, lab.backup);
  tree.update(lab);
  compare?.update(lab);
  records.update(lab);
  for (const ledger of ledgers) ledger.update({ ...lab.ledger });
  score.redraw();
  link.tick(socket);
  if (link.state === 'lost') verdict.show(LOST);
  else if (compare?.isShown) verdict.show(compare.verdict);
  else verdict.show(open ? roomVerdict(open, lab.backup, tree.chosen, board.seated) : houseVerdict(lab));
}

/**
 * Shows the village alone, or beside the open room. The tree stands with the room, the curves with a crowd of rooms,
 * and what has no such place stands below.
 * @param {boolean} isOpen
 */
function layOut(isOpen) {
  const { classList } = document.body;
  classList.toggle('is-open', isOpen);
  classList.toggle('is-alone', isOpen && alone !== '');
  const isCrowded = classList.contains('crowded');
  const [own, other] = isCrowded && !isOpen ? [$('#score-box'), $('#tree-box')] : [$('#tree-box'), $('#score-box')];
  move(own, $(isOpen ? '#pair-slot' : '#village-slot'));
  move(other, $('#below-slot'));
}

/**
 * @param {HTMLElement} box
 * @param {HTMLElement} slot
 */
function move(box, slot) {
  if (box.parentElement !== slot) slot.append(box);
}

// ---- the connection ----

function connect() {
  const path = socketPath(room, board.seated[0]);
  return new LabSocket(path, {
    message: (message) => {
      const lab = snapshotIn(message);
      if (lab) receive(lab);
    },
    state: (state, times) => {
      link.show(state, times);
      if (latest) render(latest);
      if (state === 'lost') lose();
      else if (times > 1) renew(); // it may be another server, with another token
    },
  });
}

function reconnect() {
  socket.end();
  socket = connect();
}

async function lose() {
  verdict.show(LOST);
  if (!room) return;
  // A server that answers and has no such room is not lost.
  const gone = room;
  const status = await ask(`api/rooms/${encodeURIComponent(gone)}`).then(
    () => null,
    (error) => statusOf(error),
  );
  if (status !== 404 || room !== gone) return;
  say(`Game does not exist: ${gone}`, true);
  openRoom('');
}

// ---- rooms ----

/** Opens a room, or closes it if it is the open one. @param {string} name */
function toggleRoom(name) {
  openRoom(name === room ? '' : name);
}

/** @param {string} name empty for the village */
function openRoom(name) {
  if (alone && name !== room) return location.assign(name ? `rooms?room=${encodeURIComponent(name)}` : 'rooms');
  history.pushState(null, '', name ? `?room=${encodeURIComponent(name)}` : location.pathname);
  enter();
}

/** Shows what the address says. */
function enter() {
  const query = address();
  const name = query.get('room') ?? '';
  showView();
  if (name === room && socket) return;
  room = name;
  board.enter(room, [query.get('seat') ?? ''].filter(Boolean));
  tree.chosen = '';
  if (latest) receive({ ...latest, open: undefined });
  reconnect();
}

function showView() {
  const isCompared = location.hash === '#compare';
  $('#lab').hidden = isCompared;
  const button = findAs(HTMLButtonElement, document, '#to-compare');
  button.setAttribute('aria-pressed', String(isCompared));
  write(button, isCompared ? 'Back to the rooms' : 'Compare all three');
  showComparison(isCompared);
}

/** @param {boolean} isCompared */
async function showComparison(isCompared) {
  try {
    if (isCompared && !compare) {
      const { Compare } = await import('./compare.js');
      compare ??= new Compare();
    }
    compare?.show(location.hash === '#compare');
  } catch (error) {
    say(`The comparison is not loaded: ${messageOf(error)}`, true);
  }
  if (latest) render(latest);
}

function toggleCompare() {
  const isCompared = location.hash === '#compare';
  history.pushState(null, '', isCompared ? location.pathname + location.search : '#compare');
  showView();
}

// ---- orders ----

/** @param {Killable} what */
async function kill(what) {
  const path = what === 'registry' ? 'api/rooms/kill' : `api/rooms/${encodeURIComponent(room)}/kill`;
  try {
    await tell(path, { what }, { limit: 10_000 });
    say(what === 'registry' ? 'the registry was killed' : '');
    tree.choose('');
  } catch (error) {
    say(`Not killed: ${messageOf(error)}`, true);
  }
}

async function reset() {
  if (whyOff()) return say(whyOff(), true);
  await carryOut(order('api/rooms/reset'), '✓ the lab is reset', 'not reset');
}

async function remove() {
  if (!room || isOff()) return;
  const done = await carryOut(
    tell(`api/rooms/${encodeURIComponent(room)}`, null, { method: 'DELETE' }),
    `${room} is removed`,
    'not removed',
  );
  if (done) openRoom('');
}

/**
 * @param {Promise<unknown>} asked
 * @param {string} done
 * @param {string} failed
 */
async function carryOut(asked, done, failed) {
  try {
    await asked;
    say(done);
    return true;
  } catch (error) {
    say(`${failed}: ${messageOf(error)}`, true);
    return false;
  }
}

/**
 * @param {string} text
 * @param {boolean} [alarm]
 */
function say(text, alarm = false) {
  write($('#said'), text);
  $('#said').classList.toggle('alarm', alarm);
  clearTimeout(clearing);
  if (text) clearing = setTimeout(() => say(''), SAID_MS);
}

/** Lets go of the chosen process, or else goes back to the village. An open menu has the key to itself. */
function leave() {
  if (document.querySelector(':popover-open')) return;
  if (tree.chosen) tree.choose('');
  else if (room && !alone) openRoom('');
}

function present() {
  document.documentElement.classList.toggle('present');
}

// ---- the page ----

/** The server writes the present state into the page, so that it is full before the socket is open. */
function begin() {
  const written = document.querySelector('#initial');
  const initial = written && snapshotIn(JSON.parse(written.textContent ?? ''));
  if (initial) receive(initial);
}

$('#link').dataset.term = 'connection';
for (const node of findAll(document, '[data-command]')) node.append(code(node.dataset.command ?? ''));
board.enter(room, alone ? [alone] : []);
socket = connect();
begin();
showView();
switchTheme($('#theme'), () => {
  palette.forget();
  village.crowd.surface.redraw();
  score.redraw();
});
$('#present').addEventListener('click', present);
$('#reset').addEventListener('click', reset);
$('#remove').addEventListener('click', remove);
$('#close').addEventListener('click', () => openRoom(''));
$('#to-compare').addEventListener('click', toggleCompare);
addEventListener('popstate', enter);
document.addEventListener('visibilitychange', () => {
  if (latest && !document.hidden) render(latest);
});
setInterval(() => score.describe(), 2000);
listenForKeys({
  '+': () => controls.step(1),
  '-': () => controls.step(-1),
  1: () => controls.choose('none'),
  2: () => controls.choose('after'),
  3: () => controls.choose('before'),
  k: () => latest?.open && tree.choose('room'),
  Escape: leave,
  c: toggleCompare,
  r: () => isOff() || reset(),
  f: present,
  '?': () => $('#keys').togglePopover(),
});
