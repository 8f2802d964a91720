// The wiring of the page: it fetches the history, follows the live stream, and hands both on.
//
// Responsible for: the connection and what is said about it, the history of points and the rates
// derived from it, which charts there are, the theme, the buttons. How things look is left to
// flow.js (the picture), charts.js (the charts), panels.js (the text), components.js (the stages),
// load.js (the controls), curves.js (the percentiles), runs.js and compare.js (what was kept).

import { Board } from './charts.js';
import { Comparison } from './compare.js';
import { ComponentsTable } from './components.js';
import { follow } from './control.js';
import { Curves } from './curves.js';
import { Flow } from './flow.js';
import { Glossary, Tooltip } from './glossary.js';
import { Concurrency, Load } from './load.js';
import { Palette } from './palette.js';
import { Bindings, Configuration, format, Ledger, MODES, ModesTable, write } from './panels.js';
import { remembered } from './remembered.js';
import { Runs } from './runs.js';
import { ask, order } from './server.js';
import { listen } from './stream.js';

const KEPT = 1200; // points: five minutes of quarter seconds, as many as the server keeps
const MISSED_S = 1; // a hole of this length in the live points is filled from the history

const $ = (selector) => document.querySelector(selector);
const palette = new Palette();
const tooltip = new Tooltip();
const board = new Board(tooltip, palette);
const flow = new Flow($('#flow'), palette);
const bindings = new Bindings();
const table = new ModesTable($('#modes'));
const components = new ComponentsTable($('#components'));
const ledger = new Ledger($('#ledger'));
const configuration = new Configuration($('#config'), $('#banner'));
const curves = new Curves($('#curves'), tooltip, palette);
const comparison = new Comparison($('#comparison'), tooltip, palette);
const runs = new Runs($('#runs'), comparison);
const concurrency = new Concurrency($('#concurrency'));
const load = new Load($('#load'), { ended: () => runs.refresh(), visit: (run) => runs.visit(run) });
new Glossary(tooltip);

let points = [];
let latest = null; // the newest snapshot

// ---- history and rates ----

/** A row is what the charts draw: a point with rates over the last second in place of counts. */
function rowAt(index) {
  const point = points[index];
  let back = index;
  while (back > 0 && point.t - points[back].t < 0.999) back -= 1;
  const seconds = point.t - points[back].t;
  const rate = (field) =>
    MODES.map((_, mode) =>
      seconds < 0.999
        ? null // the first second has nothing to be compared with
        : ((point[field]?.[mode] ?? 0) - (points[back][field]?.[mode] ?? 0)) / seconds,
    );
  return { ...point, in: rate('arrived'), answered: rate('requests'), out: rate('finished') };
}

function append(point) {
  const last = points.at(-1);
  if (!(point?.t > (last?.t ?? -1))) return;
  const missed = last && point.t - last.t > MISSED_S;
  points.push(point);
  const row = rowAt(points.length - 1);
  board.rows.push(row);
  if (points.length > KEPT) {
    points.shift();
    board.rows.shift();
  }
  if (missed) loadHistory();
  // At rest the charts only scroll, by less than a pixel a point: once a second is enough for that.
  const second = Math.floor(point.t) !== Math.floor(last?.t ?? -1);
  if (second || !atRest(row)) board.redraw();
}

function atRest(row) {
  return row.depth === 0 && row.in_use === 0 && [...row.in, ...row.out].every((rate) => !rate);
}

function adopt(history) {
  const newest = history.points?.at(-1)?.t ?? -1;
  const newer = points.filter((point) => point.t > newest && point.t <= (latest?.uptime_s ?? 0));
  points = [...(history.points ?? []), ...newer];
  board.rows = points.map((_, index) => rowAt(index));
  board.marks = history.marks ?? [];
  board.redraw();
}

let loading = false;
let again = false;

/** Replaces the history. Asked for while it loads, it loads once more: the first answer may be stale. */
async function loadHistory() {
  again = loading;
  if (loading) return;
  loading = true;
  try {
    adopt(await ask('api/history'));
  } catch {
    // The stream notices a lost server by itself, and loads the history when it is back.
  } finally {
    loading = false;
    if (again) loadHistory();
  }
}

// ---- the live stream ----

function hear(what, text) {
  if (what === 'frame') return receive(JSON.parse(text));
  say(what === 'opened' ? 'live' : 'lost');
  if (what === 'opened') loadHistory();
}

function receive(snapshot) {
  const before = latest;
  latest = snapshot;
  if (before && snapshot.uptime_s < before.uptime_s) {
    points = []; // the server was restarted: its clock began anew, and so do we
    board.rows = [];
    loadHistory();
  } else if (before && marked(before) !== marked(snapshot)) setTimeout(loadHistory, 100);
  say(snapshot.draining ? 'draining' : 'live');
  follow(snapshot);
  offer();
  append(snapshot.point);
  if (!document.hidden) render();
}

/** What leaves a mark on the time axis when it changes. The history has the marks; we fetch them there. */
function marked({ config = {}, paused }) {
  return `${config.generation} ${paused} ${config.error ?? ''}`;
}

function render() {
  if (!latest) return;
  const row = board.rows.at(-1);
  const out = row?.out ?? [];
  const finished = out.every((rate) => rate !== null) ? out.reduce((sum, rate) => sum + rate, 0) : null;
  bindings.update({ ...latest, now: { in: row?.in, finished } });
  flow.update(latest, row);
  table.update(latest);
  components.update(latest);
  ledger.update(latest);
  configuration.update(latest);
  concurrency.update(latest);
  curves.update(latest);
  $('#empty').hidden =
    MODES.some((mode) => latest.modes?.[mode]?.requests > 0) ||
    board.rows.some((one) => one.requests?.some((count) => count > 0));
}

/** The server writes what it knows into the page, so that it is full before the stream has begun. */
function begin() {
  const written = $('#initial');
  if (!written) return;
  const { snapshot, history } = JSON.parse(written.textContent);
  adopt(history);
  receive(snapshot);
}

const SAYINGS = { live: 'live', draining: 'draining: taking nothing new', lost: 'connection lost, trying again' };

function say(state) {
  const link = $('#link');
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  document.body.classList.toggle('lost', state === 'lost');
  write(link, SAYINGS[state]);
  offer();
}

// ---- the charts ----

const perMode = (part, dash, get) =>
  MODES.map((mode, index) => ({
    name: mode,
    part,
    dash,
    colour: mode,
    get: (row) => get(row, index) ?? null,
  }));
const pairs = (clock) => [
  ...perMode('p50', false, (row, mode) => row[clock]?.[mode]?.[0]),
  ...perMode('p99', true, (row, mode) => row[clock]?.[mode]?.[1]),
];
const gauge = (name, get, rest) => ({ name, colour: name, always: true, get: (row) => get(row) ?? null, ...rest });

board.add($('#chart-throughput'), {
  scale: 'log0',
  format: format.rate,
  tick: format.brief,
  series: [
    ...perMode('arrived', false, (row, mode) => row.in[mode]),
    ...perMode('finished', true, (row, mode) => row.out[mode]),
  ],
});
board.add($('#chart-depth'), {
  scale: 'linear',
  format: format.count,
  tick: format.brief,
  series: [gauge('depth', (row) => row.depth)],
  reference: { label: 'capacity', get: () => latest?.queue?.capacity },
  named: true,
});
board.add($('#chart-in-use'), {
  scale: 'log0',
  format: format.count,
  tick: format.brief,
  series: [
    gauge('concurrency', (row) => row.concurrency, { step: true, dash: true }),
    gauge('in-use', (row) => row.in_use),
  ],
  reference: { label: 'limit', get: () => latest?.resource?.limit },
  named: true,
});
board.add($('#chart-wait'), { scale: 'log', format: format.ms, tick: format.msTick, series: pairs('wait_ms') });
board.add($('#chart-response'), { scale: 'log', format: format.ms, tick: format.msTick, series: pairs('response_ms') });

// ---- buttons ----

function setSpan(seconds) {
  board.axis.span = seconds;
  for (const button of document.querySelectorAll('[data-span]')) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.span) === seconds));
  }
  board.redraw();
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  palette.forget();
  for (const drawn of [board, curves.board, comparison]) drawn.redraw();
  flow.draw();
}

const systemDark = matchMedia('(prefers-color-scheme: dark)');
systemDark.addEventListener('change', () => setTheme());

$('#theme').addEventListener('click', () => {
  const now = document.documentElement.dataset.theme ?? (systemDark.matches ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  remembered.set('theme', next);
  setTheme(next);
});

for (const button of document.querySelectorAll('[data-span]')) {
  button.addEventListener('click', () => {
    remembered.set('span', button.dataset.span);
    setSpan(Number(button.dataset.span));
  });
}

/** What the pause button would do now: the snapshot says what is, and nothing is taken for granted. */
function offer() {
  write($('#pause'), latest?.paused ? 'Resume pipeline' : 'Pause pipeline');
  const live = $('#link').dataset.state === 'live';
  $('#pause').disabled = !live;
  load.live = live;
  $('#purge').disabled = !live || !(queued() > 0);
}

const SAID_MS = 8000;
let forgetting = null;

/** Has the server do something, and says how it went beside the buttons. `done` may make its words from the answer. */
async function press(path, done, undone) {
  const said = $('#reset-said');
  const tell = (text, alarm) => {
    said.textContent = text;
    said.classList.toggle('alarm', alarm);
  };
  try {
    const answer = await order(path);
    tell(typeof done === 'function' ? done(answer) : done, false);
  } catch (error) {
    tell(`${undone}: ${error.message}`, true);
  }
  clearTimeout(forgetting);
  forgetting = setTimeout(() => tell('', false), SAID_MS);
}

$('#reset').addEventListener('click', async () => {
  await press('api/reset', '✓ counting from zero', 'not reset');
  loadHistory();
});

const SURE_MS = 4000;
let sure = null;

/** Events that a purge would drop: what is at the gate has left the queue. */
function queued() {
  const { depth = 0, at_gate: gone = 0 } = latest?.queue ?? {};
  return depth - gone;
}

/** What cannot be taken back is asked for twice: the second click drops the events. */
$('#purge').addEventListener('click', async () => {
  const asked = sure !== null;
  clearTimeout(sure);
  sure = asked ? null : setTimeout(forget, SURE_MS);
  write($('#purge'), asked ? 'Empty queue' : `Drop ${format.count(queued())} events?`);
  if (!asked) return;
  await press('api/purge', (answer) => `✓ ${format.count(JSON.parse(answer).dropped)} events dropped`, 'not emptied');
  loadHistory();
});

function forget() {
  sure = null;
  write($('#purge'), 'Empty queue');
}

// That it is done shows in the flow, and in the button itself.
$('#pause').addEventListener('click', () =>
  latest?.paused ? press('api/resume', '', 'not resumed') : press('api/pause', '', 'not paused'),
);

document.addEventListener('visibilitychange', () => {
  render();
  for (const drawn of [board, curves.board, comparison]) drawn.redraw();
});

// Beside what arrives: what was answered, and what has not been.
MODES.forEach((mode, index) => {
  $(`.port[data-node="${mode}"]`).detail = () => {
    const answered = format.briefRate(board.rows.at(-1)?.answered[index]);
    return `answered in the last second: ${answered}; in flight now: ${format.count(latest?.modes?.[mode]?.in_flight)}`;
  };
});

for (const host of document.querySelectorAll('.host')) write(host, location.host);
setTheme(remembered.get('theme'));
setSpan([60, 120, 300].find((span) => span === Number(remembered.get('span'))) ?? 120);
begin();
listen(hear);
