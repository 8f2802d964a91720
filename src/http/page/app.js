// @ts-check
// The wiring of the page: it follows the live stream and hands each snapshot to the parts of the page.
//
// Responsible for: the order of things at the start, the connection's state, and what is redrawn when.
// Each part has a file: bench/ is the picture with its charts, load-bar.js and actions.js the controls,
// live-charts.js and timeline.js the charts of the figures, runs.js and compare.js the runs.

import { Actions } from './actions.js';
import { UntilNow } from './axes.js';
import { Banner } from './banner.js';
import { Bench } from './bench/bench.js';
import { Bindings } from './bindings.js';
import { Board } from './board.js';
import { Comparison } from './compare.js';
import { ComponentsTable } from './components.js';
import { Concurrency } from './concurrency.js';
import { Configuration } from './configuration.js';
import { follow } from './control.js';
import { Curves } from './curves.js';
import { find, findAll, write } from './dom.js';
import { Expected } from './expected.js';
import { Glossary, Tooltip } from './glossary.js';
import { listenForKeys } from './keys.js';
import { Ledger } from './ledger.js';
import { addLiveCharts, chooseSpan } from './live-charts.js';
import { LoadBar } from './load-bar.js';
import { MODES } from './modes.js';
import { ModesTable } from './modes-table.js';
import { Palette } from './palette.js';
import { Runs } from './runs.js';
import { ask } from './server.js';
import { listen } from './stream.js';
import { followAddress } from './tabs.js';
import { switchTheme } from './theme.js';
import { Timeline } from './timeline.js';

/** @import { Initial, Snapshot } from './snapshot.d.ts' */
/** @import { Row } from './timeline.js' */

const MARKED_MS = 100; // the history has a mark by then

const $ = (/** @type {string} */ selector) => find(document, selector);
const palette = new Palette();
const tooltip = new Tooltip();
const axis = new UntilNow();
/** @type {Board<Row>} */
const board = new Board(tooltip, palette, axis);
const timeline = new Timeline(board, () => ask('api/history'));
const bench = new Bench($('#bench'), { palette, tooltip, past: () => board, words: render });
const bindings = new Bindings();
const banner = new Banner($('#banner'));
const curves = new Curves($('#curves'), tooltip, palette);
const comparison = new Comparison($('#comparison'), tooltip, palette);
const runs = new Runs($('#runs'), comparison);
const bar = new LoadBar($('header'), $('#load-said'), {
  ended: () => runs.refresh(),
  visit: (run) => runs.visit(run),
  marked: (text, ago) => bench.mark(text, ago),
});
const expected = new Expected($('#expected'), $('#load-expects'));
const actions = new Actions($('header'), () => timeline.load());
const concurrency = new Concurrency($('#concurrency'));
const tables = [
  new ModesTable($('#modes')),
  new ComponentsTable($('#components table')),
  new Ledger($('#ledger')),
  new Configuration($('#configuration')),
];
new Glossary(tooltip);

/** @type {Snapshot | null} the newest */
let latest = null;

// ---- the live stream ----

/**
 * @param {string} what
 * @param {string} [text]
 */
function hear(what, text = '') {
  if (what === 'frame') return receive(JSON.parse(text));
  say(what === 'opened' ? 'live' : 'lost');
  if (what === 'opened') timeline.load();
}

/** @param {Snapshot} snapshot */
function receive(snapshot) {
  const before = latest;
  latest = snapshot;
  if (before && snapshot.uptime_s < before.uptime_s) timeline.restart();
  else if (before && marked(before) !== marked(snapshot)) setTimeout(() => timeline.load(), MARKED_MS);
  say(snapshot.draining ? 'draining' : 'live');
  follow(snapshot);
  offer();
  timeline.append(snapshot.point, snapshot.uptime_s);
  concurrency.update(snapshot);
  bench.take(snapshot);
}

/**
 * Changes whenever there is a new mark on the time axis. Marks come with the history.
 * @param {Snapshot} snapshot
 */
function marked({ config, paused }) {
  return `${config.generation} ${paused} ${config.error ?? ''}`;
}

/**
 * All words outside the picture.
 * @param {Snapshot} snapshot
 */
function render(snapshot) {
  const row = timeline.newest;
  bindings.update({ ...snapshot, now: { in: row?.in, finished: total(row) } });
  banner.update(snapshot);
  for (const table of tables) table.update(snapshot);
  curves.update(snapshot);
  if (!$('#bench').hidden) expected.update(bar.load, snapshot);
  const { modes } = snapshot;
  bar.update(MODES.some((mode) => modes[mode].in_flight > 0) || (row?.in ?? []).some((rate) => (rate ?? 0) > 0));
  $('#empty').hidden =
    MODES.some((mode) => modes[mode].requests > 0) || board.rows.some((one) => one.requests.some((count) => count > 0));
}

/**
 * Events finished a second, in all modes.
 * @param {Row | undefined} row
 */
function total(row) {
  const [serial, spawned, pipelined] = row?.out ?? [null, null, null];
  return serial === null || spawned === null || pipelined === null ? null : serial + spawned + pipelined;
}

/** The server writes the present state into the page, so that it is full before the stream has begun. */
function begin() {
  const written = document.querySelector('#initial');
  if (!written) return;
  /** @type {Initial} */
  const { snapshot, history } = JSON.parse(written.textContent ?? '');
  timeline.adopt(history);
  receive(snapshot);
}

/** @type {Record<string, string>} */
const STATES = { live: 'live', draining: 'draining, no new requests', lost: 'connection lost, retrying' };

/** @param {string} state */
function say(state) {
  const link = $('#link');
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  document.body.classList.toggle('lost', state === 'lost');
  write(link, STATES[state]);
  if (state === 'lost') bench.lose();
  offer();
}

/** Enables the controls that would do something now. */
function offer() {
  const isLive = $('#link').dataset.state === 'live';
  actions.update(latest, isLive);
  bar.load.live = isLive;
}

// ---- drawing ----

function redraw() {
  for (const drawn of [board, curves.board, comparison, bench]) drawn.redraw();
}

function present() {
  document.documentElement.classList.toggle('present');
  location.hash = 'bench';
}

document.addEventListener('visibilitychange', () => {
  if (latest && !document.hidden) bench.say(latest);
  redraw();
});

for (const host of findAll(document, '.host')) write(host, location.host);
addLiveCharts(board, () => latest);
switchTheme($('#theme'), () => {
  palette.forget();
  redraw();
});
chooseSpan((seconds) => {
  axis.span = seconds;
  board.redraw();
});
$('#present').addEventListener('click', present);
const [fewer, more] = findAll($('#concurrency'), 'button');
listenForKeys({
  ' ': () => bench.stop(),
  '+': () => more.click(),
  '-': () => fewer.click(),
  1: () => bar.load.choose('serial'),
  2: () => bar.load.choose('async'),
  3: () => bar.load.choose('pipelined'),
  p: () => actions.pause.click(),
  s: () => bar.load.toggle(),
  r: () => $('#reset').click(),
  f: present,
  '?': () => $('#keys').togglePopover(),
});
followAddress(() => {
  if (latest) bench.say(latest);
  redraw();
});
begin();
listen(hear);
