// @ts-check
// The wiring of the jobs lab: one socket, whose records go to the parts of the page.
//
// Responsible for: the order of things at the start, what is redrawn when, and the orders that concern several
// parts (kill, reset). Each part has a file beside this one; labs/ has what every lab has.

import { follow, renew, whyOff } from '../control.js';
import { find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { Glossary, Tooltip } from '../glossary.js';
import { listenForKeys } from '../keys.js';
import { Figure, LedgerLine } from '../labs/figure.js';
import { Link } from '../labs/link.js';
import { Score } from '../labs/score.js';
import { Series } from '../labs/series.js';
import { SideSheet } from '../labs/sheet.js';
import { LabSocket } from '../labs/socket.js';
import { LOST, VerdictLine } from '../labs/verdict.js';
import { Palette } from '../palette.js';
import { messageOf, order } from '../server.js';
import { switchTheme } from '../theme.js';
import { Ask } from './ask.js';
import { Code } from './code.js';
import { showCode } from './code-sheet.js';
import { Compare } from './compare.js';
import { Controls } from './controls.js';
import { CorePicture } from './core.js';
import { figures } from './figures.js';
import { JobSheet } from './job-sheet.js';
import { Names } from './names.js';
import { panels } from './panels.js';
import { Top } from './top.js';
import { tried, watch } from './ways.js';
import { WHY } from './words.js';

/** @import { Job, Jobs } from './types.d.ts' */

const SAID_MS = 8000;
const CHANGES = new Set(['SWAPPED', 'KILLED', 'REHEARSED', 'BACK', 'SAVED']);

const $ = (/** @type {string} */ selector) => find(document, selector);
const palette = new Palette();
const tooltip = new Tooltip();
// The elements made below have a definition on hover, but no tab stops: there would be too many.
new Glossary(tooltip);
const series = new Series();
const verdict = new VerdictLine();
const link = new Link();
const picture = new CorePicture($('#core'), palette);
const score = new Score(
  $('#score'),
  'The last 60 seconds',
  series,
  panels(() => latest),
  { palette, tooltip },
);
const sheet = new SideSheet($('#drawer'));
const ledger = new LedgerLine($('#ledger'), 'accepted', [['done'], ['failed'], ['killed'], ['running']], ['refused']);
const shown = figures((selector) => new Figure(selector));
const ask = new Ask(() => socket);
const controls = new Controls(say);
const names = new Names(say);
const compare = new Compare($('#three'), palette);
const code = new Code(() => showCode(sheet));
const inside = new JobSheet(sheet, { kill, closed: () => mark(0) });
const top = new Top({
  open: (id) => (inside.id === id ? sheet.close() : open(id)),
  kill: async (id) => {
    const job = latest?.top.find((one) => one.id === id);
    if (job) await kill(job).then(say, (error) => say(`#${id} not killed: ${messageOf(error)}`, true));
  },
  isOwn: (id) => ask.has(id),
});

/** @type {Jobs | null} the newest */
let latest = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let clearing;

// ---- records ----

/** @param {Jobs} jobs */
function receive(jobs) {
  const wasReset = latest !== null && jobs.ledger.accepted < latest.ledger.accepted;
  if (wasReset) series.clear();
  latest = jobs;
  series.take(jobs.at_ms, { ...jobs.history }, jobs.marks);
  watch(jobs, series.columns.rate ?? []);
  if (document.hidden) return;
  render(jobs);
}

/** @param {Jobs} jobs */
function render(jobs) {
  follow(jobs);
  const { verdict: said } = jobs;
  verdict.show(CHANGES.has(said.word) ? { ...said, tone: 'change' } : said);
  controls.update(jobs);
  shown(jobs);
  picture.take(jobs);
  score.redraw();
  top.update(jobs);
  ledger.update({ ...jobs.ledger });
  write($('#restarts'), restarted(jobs.now.restarts));
  ask.tick();
  names.update(jobs);
  code.update(jobs);
  inside.update(jobs);
  compare.update(jobs);
  explain(jobs);
  link.tick(socket);
}

/** @param {number} count */
function restarted(count) {
  if (count === 0) return '';
  return `${format.count(count)} ${count === 1 ? 'worker' : 'workers'} restarted`;
}

/** @param {Jobs} jobs */
function explain({ isolation, top: long }) {
  const [title, why] = WHY[isolation];
  write($('#why h2'), title);
  write($('#why p'), why);
  write($('#key-rogue'), long.length > 1 ? 'long jobs, by number' : 'a long job');
}

const socket = new LabSocket('api/jobs/socket', {
  message: ({ jobs, answer, error }) => {
    if (jobs) receive(jobs);
    if (answer) ask.take(answer);
    if (error) say(`The server did not understand: ${error}`, true);
  },
  state: (state, times) => {
    link.show(state, times);
    if (state === 'lost') {
      verdict.show(LOST);
      ask.lose();
    } else if (times > 1) renew(); // it may be another server, with another token
  },
});

// ---- orders ----

/** @param {number} id */
function open(id) {
  const job = latest?.top.find((one) => one.id === id);
  if (!job) return;
  inside.open(job);
  mark(id);
}

/** @param {number} id of the job that is open */
function mark(id) {
  top.opened = id;
  if (latest) top.update(latest);
}

/**
 * Kills a job, and returns how it ended.
 * @param {Job} job
 */
async function kill(job) {
  const { ended, told_ms: told } = await order(`api/jobs/${job.id}/kill`).then(JSON.parse, (error) => {
    if (job.isolation !== 'fuel') tried(job.isolation, 'no effect');
    throw error;
  });
  top.killed(job);
  tried(job.isolation, format.ms(told));
  return `#${job.id}: ${ended}; its submitter had the answer after ${format.ms(told)}`;
}

async function reset() {
  if (whyOff()) return say(whyOff(), true);
  try {
    await order('api/jobs/reset');
    say('✓ the lab is reset');
  } catch (error) {
    say(`not reset: ${messageOf(error)}`, true);
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

function compareAll() {
  const isShown = compare.toggle();
  $('#lab').hidden = isShown;
  const button = findAs(HTMLButtonElement, document, '#compare');
  button.setAttribute('aria-pressed', String(isShown));
  write(button, isShown ? 'Back to the live core' : 'Compare all three');
}

// ---- the page ----

/** The server writes the present state into the page, so that it is full before the socket is open. */
function begin() {
  const written = document.querySelector('#initial');
  if (written) receive(JSON.parse(written.textContent ?? ''));
}

$('#link').dataset.term = 'connection';
$('#restarts').dataset.term = 'restarts';
begin();
switchTheme($('#theme'), () => {
  palette.forget();
  for (const drawn of [picture.surface, score, compare]) drawn.redraw();
});
$('#present').addEventListener('click', present);
$('#reset').addEventListener('click', reset);
$('#compare').addEventListener('click', compareAll);
document.addEventListener('visibilitychange', () => {
  if (latest && !document.hidden) render(latest);
});
setInterval(() => {
  score.describe();
  ask.tick(); // even while no records arrive
}, 2000);
listenForKeys({
  n: () => ask.focus(),
  o: () => latest?.top[0] && open(latest.top[0].id),
  k: () => inside.kill(),
  '+': () => controls.step(1),
  '-': () => controls.step(-1),
  c: compareAll,
  r: reset,
  f: present,
  '?': () => $('#keys').togglePopover(),
});
