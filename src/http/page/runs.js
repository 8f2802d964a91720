// The runs that were kept: a table of them, in which two are chosen, named and deleted.
//
// Responsible for: the list, when it is asked for (the server reads every file to answer), and which
// two runs are A and B. What they are beside each other is left to compare.js.

import { wordOf } from './compare.js';
import { Sight } from './curves.js';
import { element, format, head, write } from './panels.js';
import { ask, order } from './server.js';

const EVERY_MS = 10000;
const LETTERS = ['A', 'B'];

const COLUMNS = [
  { head: 'origin', term: 'run-origin', words: true, text: (run) => run.origin },
  { head: 'target', term: 'run-target', words: true, clip: true, text: (run) => run.target },
  { head: 'load', term: 'run-load', words: true, clip: true, text: (run) => run.load ?? '–' },
  { head: 'rate', term: 'run-rate', text: (run) => format.perSecond(run.rate) },
  { head: 'p50', term: 'run-times', text: (run) => format.ms(run.p50_ms) },
  { head: 'p99', term: 'run-times', text: (run) => format.ms(run.p99_ms) },
];

export class Runs {
  #rows = new Map(); // by id
  #asked = -Infinity;
  #asking = false;
  #chosen = { A: null, B: null };

  constructor(section, comparison) {
    this.comparison = comparison;
    this.said = section.querySelector('.said');
    this.nothing = section.querySelector('.nothing');
    this.body = element('tbody', '');
    this.scroll = section.querySelector('.scroll');
    const heads = COLUMNS.map(({ head: name, term, words }) => {
      const cell = head(name, 'col', term);
      cell.classList.toggle('words', Boolean(words));
      return cell;
    });
    const first = [...LETTERS.map((letter) => head(letter, 'col', 'run-chosen')), head('run', 'col', 'run-name')];
    const last = [head('valid', 'col', 'run-valid'), head('', 'col')];
    last[1].append(element('span', 'hidden', 'What can be done with it'));
    this.table = section.querySelector('table');
    this.table.append(element('thead', '', element('tr', '', ...first, ...heads, ...last)), this.body);
    section.querySelector('.refresh').addEventListener('click', () => this.refresh());
    this.sight = new Sight(section, () => this.#perhaps());
    setInterval(() => this.#perhaps(), 1000);
    document.addEventListener('visibilitychange', () => this.#perhaps());
  }

  #perhaps() {
    if (this.sight.clear && performance.now() - this.#asked > EVERY_MS) this.refresh();
  }

  async refresh() {
    if (this.#asking) return;
    this.#asking = true;
    this.#asked = performance.now();
    try {
      const { runs, skipped = [] } = await ask('api/runs');
      this.#fill(runs.reverse());
      const files = skipped.map(({ file, why }) => `${file} (${why})`);
      this.say(
        files.length
          ? `Not a run: ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}.`
          : '',
      );
    } catch (error) {
      this.say(`The list cannot be had: ${error.message}.`, true);
    } finally {
      this.#asking = false;
    }
  }

  /** Rows are kept as long as their runs are: somebody may be typing a name into one. */
  #fill(runs) {
    const rows = runs.map((run) => {
      const row = this.#rows.get(run.id) ?? new Row(run.id, this);
      row.update(run);
      return row;
    });
    this.#rows = new Map(runs.map((run, index) => [run.id, rows[index]]));
    rows.forEach((row, index) => {
      const there = this.body.children[index];
      if (there !== row.line) this.body.insertBefore(row.line, there ?? null);
    });
    while (this.body.children.length > rows.length) this.body.lastElementChild.remove();
    this.scroll.hidden = rows.length === 0;
    write(
      this.nothing,
      rows.length
        ? ''
        : 'There are none yet. Start a load above, or send one with ab: each becomes a run when the bench has drained.',
    );
    for (const letter of LETTERS) {
      if (this.#chosen[letter] && !this.#rows.has(this.#chosen[letter])) this.#chosen[letter] = null;
    }
    this.#compare();
  }

  /** Makes a run A or B, and keeps the other. */
  choose(letter, id) {
    this.#chosen[letter] = id;
    this.#rows.get(id)?.check(letter);
    this.#compare();
  }

  /** Shows a run that has just been made, beside what was chosen before. */
  async visit(id) {
    await this.refresh();
    const before = this.#chosen.B;
    if (before && before !== id && this.#rows.has(before)) this.choose('A', before);
    this.choose('B', id);
    this.#rows.get(id)?.line.scrollIntoView({ block: 'nearest' });
  }

  async #compare() {
    const [a, b] = LETTERS.map((letter) => this.#rows.get(this.#chosen[letter])?.run ?? null);
    for (const row of this.#rows.values()) {
      row.line.classList.toggle('chosen', row.run === a || row.run === b);
    }
    const audits = await this.comparison.show(a, b);
    for (const [id, checks] of audits) this.#rows.get(id)?.explain(checks);
  }

  say(text, alarm = false) {
    write(this.said, text);
    this.said.classList.toggle('alarm', alarm);
  }

  async order(path, fields) {
    try {
      await order(path, fields);
    } catch (error) {
      return this.say(error.message, true);
    }
    await this.refresh();
  }
}

class Row {
  #checks = null;

  constructor(id, runs) {
    Object.assign(this, { id, runs });
    this.radios = LETTERS.map((letter) => this.#radio(letter));
    this.title = element('span', 'title', '');
    this.name = head('', 'row', 'run-name');
    this.name.append(this.title);
    this.name.detail = () =>
      `${this.run.name ? `${this.run.name}, ` : ''}${this.id}. Began ${this.run.began}, took ${format.seconds(this.run.seconds)}.`;
    this.cells = COLUMNS.map((column) => {
      const cell = element('td', `${column.words ? 'words' : ''} ${column.clip ? 'clip' : ''}`);
      cell.dataset.term = column.term;
      if (column.clip) cell.detail = () => column.text(this.run);
      return { column, cell };
    });
    this.valid = element('td', '');
    this.valid.dataset.term = 'run-valid';
    this.valid.detail = () => this.#reasons();
    this.acts = element('td', 'do');
    const radios = this.radios.map((radio) => element('td', 'pick', radio));
    this.line = element('tr', '', ...radios, this.name, ...this.cells.map(({ cell }) => cell), this.valid, this.acts);
    this.#offer();
  }

  #radio(letter) {
    const radio = element('input', '');
    radio.type = 'radio';
    radio.name = `run-${letter}`;
    radio.addEventListener('change', () => this.runs.choose(letter, this.id));
    return radio;
  }

  check(letter) {
    this.radios[LETTERS.indexOf(letter)].checked = true;
  }

  update(run) {
    this.run = run;
    const title = run.name ?? run.id;
    write(this.title, title);
    for (const [index, letter] of LETTERS.entries())
      this.radios[index].setAttribute('aria-label', `${letter} is ${title}`);
    for (const { column, cell } of this.cells) write(cell, column.text(run));
    write(this.valid, { valid: '✓', disturbed: 'disturbed', invalid: 'INVALID' }[run.verdict] ?? run.verdict);
    this.valid.setAttribute('aria-label', run.verdict);
    this.valid.classList.toggle('alarm', run.verdict === 'invalid');
  }

  /** Takes the audit, which comes with the run and not with the list. */
  explain(checks) {
    this.#checks = checks;
  }

  #reasons() {
    if (!this.#checks) return `This run is ${this.run.verdict}; choose it as A or B to see why.`;
    const remarks = this.#checks.filter(({ verdict }) => verdict !== 'passed');
    const passed = `${this.#checks.length - remarks.length} of ${this.#checks.length} checks passed.`;
    return [...remarks.map((check) => `${wordOf(check)}: ${check.says}.`), passed].join(' ');
  }

  // ---- what can be done with a run ----

  #offer(focus) {
    const button = (text, work) => {
      const made = element('button', 'quiet', text);
      made.addEventListener('click', work);
      return made;
    };
    const json = element('a', '', 'JSON');
    json.href = `api/runs/${encodeURIComponent(this.id)}`;
    const buttons = { rename: button('rename', () => this.#rename()), delete: button('delete', () => this.#confirm()) };
    this.acts.replaceChildren(buttons.rename, buttons.delete, json);
    buttons[focus]?.focus();
  }

  #rename() {
    const input = element('input', 'name');
    input.value = this.run.name ?? '';
    input.placeholder = this.id;
    input.setAttribute('aria-label', `A name for ${this.id}; none takes it away. Enter keeps it, Escape does not.`);
    let over = false; // taking the field away takes its focus, which is another end
    const done = (keep) => {
      if (over) return;
      over = true;
      const name = input.value.trim();
      const focused = document.activeElement === input;
      input.replaceWith(this.title);
      if (focused) this.acts.querySelector('button')?.focus();
      if (keep && name !== (this.run.name ?? ''))
        this.runs.order(`api/runs/${encodeURIComponent(this.id)}/rename`, { name });
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'Escape') done(event.key === 'Enter');
    });
    input.addEventListener('blur', () => done(true));
    this.title.replaceWith(input);
    input.select();
    input.focus();
  }

  #confirm() {
    const yes = element('button', 'danger', 'Delete');
    const no = element('button', '', 'Keep');
    yes.addEventListener('click', () => this.runs.order(`api/runs/${encodeURIComponent(this.id)}/delete`));
    no.addEventListener('click', () => this.#offer('delete'));
    this.acts.onkeydown = (event) => event.key === 'Escape' && this.#offer('delete');
    for (const act of this.acts.children) act.hidden = true;
    this.acts.append(element('span', 'sure', 'For good?', yes, no));
    no.focus();
  }
}
