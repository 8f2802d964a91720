// @ts-check
// The wiring of the page: it follows the live stream and hands each snapshot to the parts of the page.
//
// Responsible for: the order of things at the start, the connection's state, and what is redrawn when.
// Each part has a file: bench/ is the picture with its charts; load-bar.js and actions.js are the controls.
// The other tabs load their scripts when they are first shown.

import { Actions } from './actions.js';
import { Banner } from './banner.js';
import { Bench } from './bench/bench.js';
import { Bindings } from './bindings.js';
import { Concurrency } from './concurrency.js';
import { follow } from './control.js';
import { DeadBar } from './dead-bar.js';
import { find, findAll, write } from './dom.js';
import { Expected } from './expected.js';
import { Glossary, Tooltip } from './glossary.js';
import { listenForKeys } from './keys.js';
import { Later } from './later.js';
import { Ledger } from './ledger.js';
import { LoadBar } from './load-bar.js';
import { MODES } from './modes.js';
import { Palette } from './palette.js';
import { rove } from './rove.js';
import { ask } from './server.js';
import { listen } from './stream.js';
import { followAddress } from './tabs.js';
import { switchTheme } from './theme.js';
import { Timeline } from './timeline.js';

/** @import { Part } from './later.js' */
/** @import { Initial, Snapshot } from './snapshot.d.ts' */
/** @import { Row } from './timeline.js' */

const MARKED_MS = 100; // the history has a mark by then

const $ = (/** @type {string} */ selector) => find(document, selector);
const palette = new Palette();
const tooltip = new Tooltip();
const timeline = new Timeline((since) => ask(`api/history?since=${since}`));
const bench = new Bench($('#bench'), { palette, tooltip, past: () => timeline, words: render });
const bindings = new Bindings();
const banner = new Banner($('#banner'));
const bar = new LoadBar($('header'), $('#load-said'), {
  ended: () => tabs.runs.part?.runs.refresh(),
  visit: async (run) => (await tabs.runs.get()).runs.visit(run),
  marked: (text, ago) => bench.mark(text, ago),
});
const expected = new Expected($('#expected'), $('#load-expects'));
const actions = new Actions($('header'), () => timeline.load());
const concurrency = new Concurrency($('#concurrency'));
const ledger = new Ledger($('#ledger'));
const dead = new DeadBar($('#ledger'), $('#dead'));
const glossary = new Glossary(tooltip);
rove(find($('#ledger'), '.equation'), '[data-term]');
const shared = { palette, tooltip, timeline };
const tabs = {
  figures: later('#figures', async (section) => {
    const { FiguresTab } = await import('./figures-tab.js');
    return new FiguresTab(section, shared);
  }),
  runs: later('#runs', async (section) => {
    const { RunsTab } = await import('./runs-tab.js');
    return new RunsTab(section, shared);
  }),
  components: later('#components', async (section) => {
    const { ComponentsTab } = await import('./components.js');
    return new ComponentsTab(section, () => setTimeout(() => timeline.load(), MARKED_MS));
  }),
  configuration: later('#configuration', async (section) => {
    const { Configuration } = await import('./configuration.js');
    return new Configuration(section);
  }),
};

/**
 * A tab that is loaded later. Its terms become reachable by keyboard, like those of index.html.
 * @template {Part} P
 * @param {string} selector
 * @param {(section: HTMLElement) => Promise<P>} load
 */
function later(selector, load) {
  return new Later($(selector), async (section) => {
    const part = await load(section);
    glossary.prepare(section);
    if (latest) part.update?.(latest);
    part.redraw?.();
    return part;
  });
}

/** @type {Snapshot | null} the newest */
let latest = null;
/** @type {Promise<void> | null} the list of nodes, once the configuration connects this server to others */
let nodes = null;

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
function marked({ config, paused, components }) {
  const restarts = components.map((stage) => stage.restarts).join();
  return `${config.generation} ${paused} ${restarts} ${config.error ?? ''}`;
}

/**
 * All words outside the picture.
 * @param {Snapshot} snapshot
 */
function render(snapshot) {
  const row = timeline.newest;
  const durable = snapshot.queue.engine === 'memory' ? {} : snapshot.queue;
  bindings.update({ ...snapshot, durable, now: { in: row?.in, finished: total(row) } });
  banner.update(snapshot);
  ledger.update(snapshot);
  dead.update(snapshot);
  if (!nodes && hasNodes(snapshot)) nodes = loadNodes();
  for (const tab of Object.values(tabs)) tab.update(snapshot);
  if (!$('#bench').hidden) expected.update(bar.load, snapshot);
  const { modes } = snapshot;
  bar.update(MODES.some((mode) => modes[mode].in_flight > 0) || (row?.in ?? []).some((rate) => (rate ?? 0) > 0));
  $('#empty').hidden =
    MODES.some((mode) => modes[mode].requests > 0) ||
    timeline.rows.some((one) => one.requests.some((count) => count > 0));
}

/** @param {Snapshot} snapshot */
function hasNodes({ config: { effective } }) {
  return effective.queue.engine === 'jetstream' || effective.matches.nodes === 'nats';
}

async function loadNodes() {
  const { Nodes } = await import('./nodes.js');
  new Nodes($('#nodes'), $('#nodes-open')).follow();
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
  for (const drawn of [...Object.values(tabs), bench]) drawn.redraw();
}

function present() {
  document.documentElement.classList.toggle('present');
  location.hash = 'bench';
}

document.addEventListener('visibilitychange', () => {
  if (latest && !document.hidden) bench.say(latest);
  redraw();
});

// The style sheets of other tabs, which would otherwise delay the first paint.
for (const sheet of document.querySelectorAll('link[media="not all"]')) {
  if (sheet instanceof HTMLLinkElement) sheet.media = 'all';
}
for (const host of findAll(document, '.host')) write(host, location.host);
switchTheme($('#theme'), () => {
  palette.forget();
  redraw();
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
