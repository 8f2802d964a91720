// Two runs laid over each other: their percentile curves, their series over time, and what differs.
//
// Responsible for: which of a run's figures are laid over which, and how a comparison is put on the
// page. What differs, and whether it is more than noise, the server says; nothing is decided here.

import { LogNines, SinceBegin } from './axes.js';
import { Board } from './charts.js';
import { choice } from './curves.js';
import { ofPrediction, ofTiming, rowsOf } from './distribution.js';
import { element, format, head, MODES, write } from './panels.js';
import { ask } from './server.js';

const LETTERS = ['A', 'B'];
const KEPT = 6; // runs: a long one has megabytes
const HOLE = 2.6; // intervals that a line crosses
/** Why a run may lack something that others have, by its origin. */
const WHY = {
  recorded: 'nothing was measured',
  load: 'nothing was measured',
  simulated: 'nothing happened',
  predicted: 'theory does not tell',
  ab: 'ab does not tell',
  oha: 'oha does not tell',
  wrk: 'wrk does not tell',
};
const SERIES = {
  answers: { words: 'answers', format: format.perSecond, tick: format.brief },
  done: { words: 'events done', format: format.perSecond, tick: format.brief },
  depth: { words: 'queue depth', format: format.count, tick: format.brief },
  in_use: { words: 'resource use', format: format.count, tick: format.brief },
};

export class Comparison {
  #views = new Map(); // what of a run is drawn, by its id
  #shown = '';
  #runs = [null, null];
  #clock = 'answer';
  #column = 'answers';

  constructor(box, tooltip, palette) {
    this.box = box;
    const find = (selector) => box.querySelector(selector);
    Object.assign(this, {
      who: find('.who'),
      words: find('.verdict-words'),
      table: find('table'),
      notes: find('.notes'),
      method: find('.method'),
    });
    this.scroll = find('.scroll');
    this.curves = new Board(tooltip, palette, new LogNines());
    this.series = new Board(tooltip, palette, new SinceBegin());
    const view = (index) => this.#views.get(this.#runs[index]?.id);
    const line = (letter, get) => ({ name: letter, colour: letter, always: true, get });
    this.curves.add(find('.curve'), {
      scale: 'log',
      format: format.ms,
      tick: format.msTick,
      named: true,
      upright: true,
      tight: true,
      series: LETTERS.map((letter, index) => ({
        ...line(letter, (row) => row.of[letter] ?? null),
        knots: () => view(index)?.[this.#clock].length < 12, // between so few there is no telling: show what is known
      })),
    });
    this.series.add(find('.over-time'), {
      scale: 'linear',
      named: true,
      format: (value) => SERIES[this.#column].format(value),
      tick: (value) => SERIES[this.#column].tick(value),
      series: LETTERS.map((letter, index) => ({
        ...line(letter, (row) => row.of[letter] ?? null),
        knots: () => view(index)?.[this.#column].length < 4, // a short run must not be a speck
      })),
    });
    choice(find('.curve .span'), this.#clock, (clock) => {
      this.#clock = clock;
      this.#draw();
    });
    choice(find('.over-time .span'), this.#column, (column) => {
      this.#column = column;
      this.#draw();
    });
    this.nothing = { curve: find('.curve .nothing'), series: find('.over-time .nothing') };
  }

  /** Shows two runs of the list, or one, or none. Returns the audits of those it has seen, by id. */
  async show(a, b) {
    const runs = [a, b];
    const shown = JSON.stringify(runs.map((run) => [run?.id, run?.name]));
    if (shown === this.#shown) return [];
    this.#shown = shown;
    this.#runs = runs;
    this.box.hidden = !a && !b;
    const chosen = runs.filter(Boolean);
    try {
      const asked = await Promise.allSettled(chosen.map((run) => this.#view(run.id)));
      if (shown !== this.#shown) return []; // others have been chosen meanwhile
      this.#draw();
      this.#title();
      const failed = asked.find(({ status }) => status === 'rejected');
      if (failed) throw failed.reason;
      await this.#tell(shown);
    } catch (error) {
      if (shown !== this.#shown) return [];
      this.#shown = ''; // the next look tries again
      this.#clear(`The two cannot be compared: ${error.message}.`);
    }
    return chosen.filter(({ id }) => this.#views.has(id)).map(({ id }) => [id, this.#views.get(id).checks]);
  }

  async #view(id) {
    if (this.#views.has(id)) return;
    const run = await ask(`api/runs/${encodeURIComponent(id)}`);
    this.#views.set(id, viewOf(run));
    const others = [...this.#views.keys()].filter((key) => !this.#runs.some((one) => one?.id === key));
    if (this.#views.size > KEPT) this.#views.delete(others[0]);
  }

  #title() {
    const legends = this.#runs.map((run, index) => {
      if (!run)
        return element('p', 'no', element('i', `mark ${LETTERS[index]}`), `${LETTERS[index]}: choose one in the table`);
      const checks = this.#views.get(run.id)?.checks ?? [];
      // With two runs the server's notes say why one is invalid or disturbed, and once is enough.
      const both = this.#runs.every(Boolean);
      const worth = checks.filter((check) => (both ? wordOf(check) === 'note' : check.verdict !== 'passed'));
      const remarks = worth.map((check) =>
        element('li', check.verdict === 'failed' ? 'alarm' : '', `${wordOf(check)}: ${check.says}`),
      );
      const words = checks.map(wordOf);
      const invalid = words.includes('INVALID')
        ? [element('b', 'alarm', 'INVALID')]
        : words.includes('disturbed')
          ? [element('b', '', 'disturbed')]
          : [];
      const title = element(
        'p',
        '',
        element('i', `mark ${LETTERS[index]}`),
        `${LETTERS[index]} `,
        element('b', '', run.name ?? run.id),
        ' ',
        ...invalid,
      );
      return element(
        'div',
        '',
        title,
        element('p', 'about', `${run.origin}, ${run.target}${run.load ? `, ${run.load}` : ''}`),
        element('ul', 'remarks', ...remarks),
      );
    });
    this.who.replaceChildren(...legends);
  }

  #draw() {
    const views = this.#runs.map((run) => this.#views.get(run?.id));
    const curves = views.map((view) => view?.[this.#clock] ?? []);
    this.curves.rows = rowsOf({ A: curves[0], B: curves[1] });
    const times = this.#clock === 'answer' ? 'answer times' : 'response times';
    this.#missing(this.nothing.curve, curves, `no ${times}`);
    const series = views.map((view) => view?.[this.#column] ?? []);
    this.series.rows = rowsOf({ A: series[0], B: series[1] });
    this.series.axis.bridge = this.series.axis.carry = HOLE * Math.max(1, ...series.map(longest));
    this.series.marks = views.flatMap((view, index) =>
      (view?.marks ?? []).map((mark) => ({ ...mark, text: `${LETTERS[index]}: ${mark.text}` })),
    );
    this.#missing(this.nothing.series, series, `no ${SERIES[this.#column].words} over time`);
    this.curves.redraw();
    this.series.redraw();
  }

  redraw() {
    this.curves.redraw();
    this.series.redraw();
  }

  /** Says which run has none of what is shown; if neither has, in place of an empty chart. */
  #missing(node, found, what) {
    const without = this.#runs.map((run, index) => {
      if (!run || found[index].length) return '';
      return `${LETTERS[index]} ${this.#views.has(run.id) ? `has ${what}: ${WHY[run.origin] ?? run.origin}` : 'cannot be had'}`;
    });
    write(node, without.filter(Boolean).join('; '));
    node.parentElement.classList.toggle(
      'blank',
      found.every((one) => one.length === 0),
    );
  }

  async #tell(shown) {
    const [a, b] = this.#runs;
    if (!a || !b) {
      return this.#clear(`Choose a run as ${a ? 'B' : 'A'} as well, to see what differs.`);
    }
    const { figures, words, notes, method } = await ask(`api/compare?${new URLSearchParams({ a: a.id, b: b.id })}`);
    if (shown !== this.#shown) return;
    write(this.words, sentence(words));
    this.scroll.hidden = figures.length === 0;
    this.#fill(figures);
    this.notes.replaceChildren(...notes.map((note) => element('li', '', sentence(note))));
    write(this.method, method);
  }

  #clear(words) {
    write(this.words, words);
    this.scroll.hidden = true;
    this.notes.replaceChildren();
    write(this.method, '');
  }

  #fill(figures) {
    const heads = [
      ['figure', 'compared'],
      ['A', 'compared'],
      ['B', 'compared'],
      ['difference', 'difference'],
      ['95 % interval', 'interval'],
      ['', 'interval'],
      ['in words', 'noise'],
    ];
    const cells = heads.map(([name, term]) => head(name, 'col', term));
    cells.forEach((cell, index) => {
      cell.classList.toggle('words', index > 5);
      cell.tabIndex = 0;
      cell.setAttribute('aria-describedby', `term-${cell.dataset.term}`);
    });
    const reach = Math.max(
      0.05,
      ...figures.flatMap(({ relative, interval }) =>
        [relative, ...(interval ?? [])].filter(Number.isFinite).map(distance).map(Math.abs),
      ),
    );
    const rows = figures.map((figure) => {
      const values = valuesOf(figure);
      const why =
        figure.unknown && !figure.interval
          ? `${sentence(figure.words)} No interval: ${figure.unknown}.`
          : sentence(figure.words);
      const tells = element(
        'td',
        'words',
        figure.difference === 'alone' ? `${why} (It would be a difference if it were the only figure.)` : why,
      );
      const texts = [
        ...values,
        percent(figure.relative, unitOf(figure)),
        interval(figure.interval, unitOf(figure)),
      ].map((text) => element('td', '', text));
      return element(
        'tr',
        figure.difference,
        head(figure.name, 'row', 'compared'),
        ...texts,
        element('td', 'strip', strip(figure, reach)),
        tells,
      );
    });
    this.table.replaceChildren(element('thead', '', element('tr', '', ...cells)), element('tbody', '', ...rows));
  }
}

// ---- a comparison ----

const distance = (relative) => Math.log1p(Math.max(-0.999, relative)); // so that half and double are equally far from equal

const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}` : '');

/** A share is a percentage, and differs by percentage points. */
const unitOf = (figure) => ('a_share' in figure ? 'pt' : '%');

function valuesOf(figure) {
  if ('a_ms' in figure) return [figure.a_ms, figure.b_ms].map(format.ms);
  if ('a_share' in figure) return [figure.a_share, figure.b_share].map((share) => `${(share * 100).toFixed(1)}\u202f%`);
  return [figure.a_per_s, figure.b_per_s].map(format.perSecond);
}

function percent(relative, unit) {
  if (!Number.isFinite(relative)) return '–';
  const amount = Math.abs(relative) * 100;
  const sign = relative < 0 ? '−' : '+';
  return `${sign}${amount < 99.95 ? amount.toFixed(1) : format.count(amount)}\u202f${unit}`;
}

function interval(pair, unit) {
  if (!pair) return '–';
  const [low, high] = pair;
  return high === null
    ? `${percent(low, unit)} or more`
    : `${percent(low, unit).replace(`\u202f${unit}`, '')} to ${percent(high, unit)}`;
}

/** The interval as a line, the difference as a point on it, and where no difference would be. */
function strip({ relative, interval: pair }, reach) {
  const place = (value) => `${(50 + 48 * Math.max(-1, Math.min(1, distance(value) / reach))).toFixed(1)}%`;
  const box = element('span', 'whisker');
  if (pair) {
    const line = element('i', 'line');
    const [low, high] = pair;
    line.style.left = place(low);
    line.style.right = `calc(100% - ${high === null ? '100%' : place(high)})`;
    box.append(line);
  }
  const point = element('i', 'point');
  point.style.left = place(relative);
  box.append(point);
  return box;
}

// ---- a run ----

/** What a check makes of a run. Also for runs of earlier versions, which only know cautions. */
export function wordOf({ verdict, disturbed }) {
  if (verdict === 'failed') return 'INVALID';
  if (disturbed) return 'disturbed';
  return verdict === 'passed' ? 'passed' : 'note';
}

/** What is drawn of a run: its curves on both clocks, its columns over time, its marks and its audit. */
function viewOf(run) {
  const { client, bench, prediction } = run;
  const name = modeOf(run);
  const side = bench?.modes?.[name];
  const answered = client ? (client.response ?? client.service)?.ok : side?.http;
  const byClient = client?.series?.t?.length ? client.series : null;
  const depth = (prediction?.depth_over_time ?? []).filter((pair) => pair.every(Number.isFinite));
  return {
    answer: answered ? ofTiming(answered) : ofPrediction(prediction?.answer),
    response: side ? ofTiming(side.response) : ofPrediction(prediction?.response),
    answers: byClient ? rates(byClient, ['ok', 'refused', 'failed']) : rates(bench?.series, [`${name}.requests`]),
    done: rates(bench?.series, [`${name}.done`]),
    depth: bench ? levels(bench.series, 'depth') : depth,
    in_use: levels(bench?.series, 'in_use'),
    marks: bench?.marks ?? [],
    checks: run.audit?.checks ?? [],
  };
}

/** The mode that was put under load; when several were, the one with the most requests. */
function modeOf({ target, bench }) {
  if (MODES.includes(target)) return target;
  const modes = Object.entries(bench?.modes ?? {});
  return modes.sort(([, a], [, b]) => b.requests - a.requests)[0]?.[0];
}

/** A column that is not there was zero all the time. */
function levels(series, column) {
  const values = series?.columns?.[column];
  return (series?.t ?? []).map((t, index) => [t, values ? values[index] : 0]);
}

/** Counts within intervals as rates. An interval that the end cut short is counted with the one before. */
function rates(series, columns) {
  const points = [];
  let from = 0;
  (series?.t ?? []).forEach((t, index) => {
    const count = columns.reduce((sum, column) => sum + (series.columns[column]?.[index] ?? 0), 0);
    const last = points.at(-1);
    if (last && t - from < series.interval_s / 4) Object.assign(last, { t, count: last.count + count });
    else points.push({ from, t, count });
    from = t;
  });
  const rated = points
    .filter((point) => point.t > point.from)
    .map((point) => [point.t, point.count / (point.t - point.from)]);
  return rated.length ? [[0, rated[0][1]], ...rated] : [];
}

function longest(series) {
  return Math.max(0, ...series.slice(1).map(([t], index) => t - series[index][0]));
}
