// @ts-check
// The wiring of the matches lab: one socket, whose records go to the parts of the page.
//
// Responsible for: the order of things at the start, what is redrawn when, and the replay's frames. Each part has a
// file beside this one; labs/ has what every lab has.

import { follow, isOff, renew, whyOff } from '../control.js';
import { find, findAll, findAs, write } from '../dom.js';
import { format } from '../format.js';
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
import { ask, messageOf, order, statusOf } from '../server.js';
import { switchTheme } from '../theme.js';
import { Callout } from './callout.js';
import { Controls } from './controls.js';
import { Curve } from './curve.js';
import { Field } from './field.js';
import { Figures } from './figures.js';
import { LadderView, ladderVerdict } from './ladder.js';
import { PANELS } from './panels.js';
import { Replay } from './replay.js';
import { Rungs } from './rungs.js';
import { Feed, OtherMatches, Scoreboard } from './scoreboard.js';

/** @import { Match } from './types.d.ts' */

const USUAL = 'weir-sluice';
const SAID_MS = 8000;
const POINTS = 240; // of the history

const $ = (/** @type {string} */ selector) => find(document, selector);
const id = new URLSearchParams(location.search).get('match') ?? USUAL;
const path = `api/matches/${encodeURIComponent(id)}`;
const palette = new Palette();
const tooltip = new Tooltip();
// The elements made below have a definition on hover, but no tab stops: there would be too many.
new Glossary(tooltip);
const series = new Series(POINTS);
const verdict = new VerdictLine();
const link = new Link();
const replay = new Replay();
const field = new Field($('#field'), palette, replay, tooltip);
const curve = new Curve($('#curve'), palette, replay, field);
const callout = new Callout(field);
const figures = new Figures(series, palette);
const score = new Score($('#score'), 'The last 60 seconds', series, PANELS, { palette, tooltip });
const ledger = new LedgerLine(
  $('#ledger'),
  'sent',
  [['delivered'], ['behind', true], ['dropped', true], ['closed']],
  [],
);
const scoreboard = new Scoreboard();
const feed = new Feed();
const rungs = new Rungs(say);
const ladder = new LadderView(say);
const controls = new Controls(path, say);
const stillness = matchMedia('(prefers-reduced-motion: reduce)');
new OtherMatches(id);

/** @type {Match | null} the newest */
let latest = null;
/** Whether a frame is due. */
let isMoving = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let clearing;

// ---- records ----

/** @param {Match} match */
function receive(match) {
  const isAnother = latest !== null && (match.match.next < latest.match.next || match.at_ms < latest.at_ms);
  if (latest !== null && match.ledger.sent < latest.ledger.sent && !isAnother) series.clear();
  if (isAnother) feed.clear();
  latest = match;
  const { history } = match;
  const known = (/** @type {number[]} */ times) => times.map((time) => time || null);
  const times = { art_p99_ms: known(history.art_p99_ms), last_ms: known(history.last_ms) };
  series.take(match.at_ms, { ...history, ...times }, match.marks);
  if (document.hidden) return;
  render(match);
}

/** @param {Match} match */
function render(match) {
  follow(match);
  verdict.show(ladder.isShown ? ladderVerdict(match) : match.verdict);
  controls.update(match);
  scoreboard.update(match);
  feed.update(match);
  rungs.update(match);
  ladder.update(match);
  figures.update(match);
  field.take(match);
  curve.take(match);
  replay.still = stillness.matches;
  replay.take(match.event, performance.now());
  field.surface.redraw();
  curve.surface.redraw();
  callout.update(match);
  caption(match);
  score.redraw();
  ledger.update({ ...match.ledger });
  link.tick(socket);
  move();
}

/** Draws frames while the replay runs. */
function move() {
  if (isMoving || !replay.moves(performance.now())) return;
  isMoving = true;
  requestAnimationFrame(frame);
}

function frame() {
  const now = performance.now();
  if (replay.advance(now) && latest) caption(latest);
  field.surface.paint();
  curve.surface.paint();
  isMoving = !document.hidden && replay.moves(now);
  if (isMoving) requestAnimationFrame(frame);
}

/** @param {Match} match */
function caption({ now, writer, feed: items }) {
  const each = field.grid?.each ?? 1;
  write(
    $('#many'),
    now.watchers === 0 ? 'No watchers' : `${format.count(now.watchers)} ${now.watchers === 1 ? 'watcher' : 'watchers'}`,
  );
  const square = each > 1 ? `a square is ${format.count(each)} watchers` : 'a square each';
  const tasks = 'tasks wake in no order';
  write($('#squares'), `${square}, ${writer === 'task' ? tasks : 'in the order in which they are served'}`);
  const counts = writer === 'task' ? 'i counts them as their tasks write' : 'i counts along the squares above';
  write($('#counts'), `after the event; ${counts}`);
  const transports = now.ws > 0 && now.sse > 0 ? `${format.count(now.ws)} WebSocket, ${format.count(now.sse)} SSE` : '';
  write($('#transports'), transports);
  const shown = replay.event;
  const what = shown ? items.find(({ seq }) => seq === shown.seq)?.text : undefined;
  write($('#shown'), shown && now.watchers > 0 ? `event ${format.count(shown.seq)}${what ? `: ${what}` : ''}` : '');
  write($('#slowed'), replay.still || !shown || now.watchers === 0 ? '' : paceText(replay.slow));
}

/** @param {number} slow */
function paceText(slow) {
  if (slow === 1) return 'as fast as it was';
  return slow > 1 ? `slowed ${format.count(slow)}×` : `${format.rate(1 / slow)}× as fast`;
}

const socket = new LabSocket(`${path}/socket`, {
  message: ({ match }) => {
    if (match) receive(match);
  },
  state: (state, times) => {
    link.show(state, times);
    if (state === 'lost') lose(times);
    else if (times > 1) renew(); // it may be another server, with another token
  },
});

/** @param {number} times how often the connection has been opened */
async function lose(times) {
  verdict.show(LOST);
  if (times > 0) return;
  // A server that answers and has no such match is not lost.
  const status = await ask(path).then(
    () => null,
    (error) => statusOf(error),
  );
  if (status === 404) verdict.show({ word: 'NO MATCH', tone: 'calm', text: `This server has no match “${id}”.` });
}

// ---- orders ----

async function reset() {
  if (whyOff()) return say(whyOff(), true);
  await carryOut('api/matches/reset', {}, '✓ the lab is reset', 'not reset');
}

/** @param {string} part */
async function crash(part) {
  await carryOut(`${path}/crash`, { part }, `${part} crashed`, 'no crash');
}

/**
 * @param {string} what
 * @param {Record<string, string>} fields
 * @param {string} done
 * @param {string} failed
 */
async function carryOut(what, fields, done, failed) {
  try {
    await order(what, fields);
    say(done);
  } catch (error) {
    say(`${failed}: ${messageOf(error)}`, true);
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

function present() {
  document.documentElement.classList.toggle('present');
}

// ---- views ----

/** Shows the ladder or the watchers, as the address says. */
function showView() {
  const isLadder = location.hash === '#ladder';
  $('#lab').hidden = isLadder;
  ladder.show(isLadder);
  const button = findAs(HTMLButtonElement, document, '#climb');
  button.setAttribute('aria-pressed', String(isLadder));
  write(button, isLadder ? 'Back to the watchers' : 'Climb the ladder');
  if (latest) render(latest);
}

function toggleLadder() {
  const isLadder = location.hash === '#ladder';
  // Without a new entry of the browser's history the way back would lead out of the page.
  history.pushState(null, '', isLadder ? location.pathname + location.search : '#ladder');
  showView();
}

// ---- the page ----

/** The server writes the present state into the page, so that it is full before the socket is open. */
function begin() {
  const written = document.querySelector('#initial');
  const initial = written && JSON.parse(written.textContent ?? '');
  if (initial?.match?.id === id) receive(initial);
}

$('#link').dataset.term = 'connection';
for (const node of findAll(document, '[data-command]')) node.append(code(node.dataset.command ?? ''));
begin();
showView();
switchTheme($('#theme'), () => {
  palette.forget();
  for (const drawn of [field.surface, curve.surface, score, figures]) drawn.redraw();
});
$('#present').addEventListener('click', present);
$('#reset').addEventListener('click', reset);
for (const button of findAll(document, '[data-crash]'))
  button.addEventListener('click', () => crash(button.dataset.crash ?? ''));
for (const button of findAll(document, '#climb, #to-ladder')) button.addEventListener('click', toggleLadder);
addEventListener('popstate', showView);
document.addEventListener('visibilitychange', () => {
  if (latest && !document.hidden) render(latest);
});
setInterval(() => score.describe(), 2000);
const digits = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((rung) => [String(rung), () => rungs.toggle(rung)]));
listenForKeys({
  ...digits,
  ' ': () => controls.toggle(),
  g: () => controls.goal('home'),
  G: () => controls.goal('away'),
  '+': () => controls.step(1),
  '-': () => controls.step(-1),
  l: toggleLadder,
  r: () => isOff() || reset(),
  f: present,
  '?': () => $('#keys').togglePopover(),
});
