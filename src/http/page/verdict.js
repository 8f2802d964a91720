// @ts-check
// The result of a check: a table of the figures that were predicted, computed by theory, simulated and
// measured; what a wrong answer suggests; what the compiler says.
//
// Responsible for: how it looks. The server judges.

import { element } from './dom.js';
import { format } from './format.js';
import { prose } from './prose.js';

/** @import { Answer, CodeResult, Exercise, Judgement, Result, Verdict } from './workshop.d.ts' */

/** @typedef {'predicted' | 'theory' | 'simulated' | 'measured'} Column */
/** @typedef {'right' | 'wrong' | 'missing' | 'unknown'} Kind */

/** @type {Column[]} */
const COLUMNS = ['predicted', 'theory', 'simulated', 'measured'];
const NO_MODEL = 'no model of queueing theory fits';
const COUNTED = /^$|^(events|requests|calls|clients)$/;
const NBSP = '\u00a0';
const MANY = 1000; // times too high or too low; beyond it the factor no longer matters

/**
 * A result in a line.
 * @param {Result} result
 */
export function outcome({ passed, questions, code }) {
  if (passed) return '✓ Finished';
  return summary(questions, questions.filter((question) => question.verdict === 'right').length, code);
}

/**
 * The elements for a result, below that line.
 * @param {Result} result
 * @param {Exercise} exercise
 * @returns {HTMLElement[]}
 */
export function verdict({ questions, code, remarks, observed }, exercise) {
  /** @type {HTMLElement[]} */
  const made = [];
  if (remarks.length) {
    const heading = `${remarks.length === 1 ? 'A remark' : `${remarks.length} remarks`} on this measurement`;
    made.push(
      element(
        'details',
        'remarks-on-it',
        element('summary', '', heading),
        ...remarks.map((text) => element('p', '', text)),
      ),
    );
  }
  if (questions.length) made.push(table(questions), ...below(questions, exercise));
  made.push(...observed.map((text) => element('p', 'below', text)));
  if (code) made.push(...compiled(code));
  return made;
}

/**
 * @param {Judgement[]} questions
 * @param {number} right
 * @param {CodeResult | null} code
 */
function summary(questions, right, code) {
  const parts = [];
  if (questions.length) parts.push(`${right} of ${questions.length} right`);
  if (code) parts.push(code.passed ? 'your code passes' : 'your code does not pass yet');
  return `Not yet: ${parts.join(', ')}`;
}

/** @param {Judgement[]} questions */
function table(questions) {
  const head = element(
    'tr',
    '',
    ...[...COLUMNS, 'verdict'].map((name) => {
      const cell = element('th', '', name);
      cell.scope = 'col';
      return cell;
    }),
  );
  const made = element('table', 'judged', element('thead', '', head), ...questions.map(rows));
  const scroll = element('div', 'scroll', made);
  scroll.tabIndex = 0;
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', 'Predictions, theory, simulation, measurements and verdicts');
  return scroll;
}

/**
 * Notes on the table.
 * @param {Judgement[]} questions
 * @param {Exercise} exercise
 */
function below(questions, { loads }) {
  /** @type {HTMLElement[]} */
  const made = [];
  if (questions.some(({ verdict: is }) => is !== 'right')) {
    const bench = element('a', '', 'the bench’s page');
    bench.href = './';
    made.push(element('p', 'below', '“Look” refers to ', bench, ': send the load yourself and watch it there.'));
  }
  if (questions.some((question) => question.theory === null && hasFigures(question)))
    made.push(element('p', 'below', `–: ${NO_MODEL}`));
  const times = Math.max(...loads.map(({ faster }) => faster));
  if (times > 1)
    made.push(
      element(
        'p',
        'below',
        `Measured up to ${times} times faster and converted, so a millisecond of overhead counts ${times}-fold.`,
      ),
    );
  return made;
}

/**
 * What is said of a wrong answer that fits no known mistake.
 * @param {Judgement} question
 */
function distance({ far: words, simulated }) {
  if (!words) return '';
  return `${words[0].toUpperCase()}${words.slice(1)}. Compare your number with the ${simulated === null ? 'measured' : 'simulated'} column.`;
}

/**
 * Whether there are figures from a load.
 * @param {Judgement} question
 */
function hasFigures({ verdict: is, quiz, measured }) {
  return is !== 'missing' && !quiz && typeof measured === 'number';
}

/**
 * A question: what was asked, the figures, and, unless it is right, what that suggests.
 * @param {Judgement} question
 */
function rows(question) {
  const { kind, why } = read(question.verdict);
  const asked = element(
    'th',
    'asked',
    prose(question.html.ask),
    ...(question.unit ? [element('small', '', ` ${question.unit.startsWith('/') ? '' : 'in '}${question.unit}`)] : []),
  );
  asked.scope = 'rowgroup';
  asked.colSpan = COLUMNS.length + 1;
  const marks = { right: '✓ right', wrong: `✗${NBSP}${far(question)}`, missing: 'open', unknown: '?' };
  const figures = element('tr', '', ...cells(question), element('td', `mark-of ${kind}`, marks[kind]));
  const made = element('tbody', '', element('tr', '', asked), figures);
  if (kind !== 'right') {
    const { reveals, look } = question.html;
    const says = reveals ? prose(reveals) : { wrong: distance(question), missing: '', unknown: why }[kind];
    const cell = element(
      'td',
      'reveals',
      ...(says ? [element('p', '', says)] : []),
      element('p', 'look', element('b', '', 'Look: '), prose(look)),
    );
    cell.colSpan = COLUMNS.length + 1;
    made.append(element('tr', '', cell));
  }
  return made;
}

/**
 * The figures in their columns; choices need more room, and stand below each other.
 * @param {Judgement} question
 */
function cells(question) {
  const { verdict: is, quiz, measured } = question;
  /**
   * @param {string} className
   * @param {...(Node | string)} content
   */
  const wide = (className, ...content) => {
    const cell = element('td', className, ...content);
    cell.colSpan = COLUMNS.length;
    return [cell];
  };
  if (is === 'missing') return wide('said-in-words', element('small', '', 'predict first'));
  const known = COLUMNS.filter((name) => question[name] !== null);
  if (known.some((name) => typeof question[name] === 'string')) {
    const lines = known.map((name) =>
      element(
        'div',
        '',
        element('dt', '', quiz && name === 'measured' ? 'right answer' : name),
        element('dd', '', inWords(question, name)),
      ),
    );
    return wide('said-in-words', element('dl', '', ...lines));
  }
  // Nothing measures a quiz, and no model says anything of it.
  if (quiz)
    return [
      figure(question.predicted),
      element('td', ''),
      element('td', 'right-answer', element('small', '', 'right answer')),
      figure(measured),
    ];
  return COLUMNS.map((name) => figure(question[name], name === 'theory' ? NO_MODEL : `not ${name}`));
}

/**
 * A number, or why there is none. A number too long for its column is shortened.
 * @param {Answer | null} value
 * @param {string} [missing]
 */
function figure(value, missing = '') {
  if (typeof value === 'number') {
    const cell = element('td', '', brief(value));
    if (value >= 1e5) cell.title = format.rate(value);
    return cell;
  }
  const dash = element('span', '', '–');
  dash.ariaHidden = 'true';
  const cell = element('td', '', dash, element('span', 'hidden', missing));
  cell.title = missing;
  return cell;
}

/** @param {number} value */
function brief(value) {
  if (value >= 1e9) return value.toExponential(1).replace('.0', '').replace('+', '');
  return value >= 1e5 ? format.brief(value) : format.rate(value);
}

/**
 * A verdict is a word, or a word with a reason.
 * @param {Verdict} verdict
 * @returns {{ kind: Kind, why: string | null }}
 */
function read(verdict) {
  if (typeof verdict === 'string') return { kind: verdict, why: null };
  return 'wrong' in verdict ? { kind: 'wrong', why: verdict.wrong } : { kind: 'unknown', why: verdict.unknown };
}

/**
 * How far off a prediction is.
 * @param {Judgement} question
 */
function far({ predicted, measured, off, unit }) {
  if (typeof predicted !== 'number' || typeof measured !== 'number') return 'wrong';
  const difference = Math.round(Math.abs(predicted - measured));
  const times = predicted / measured;
  if (measured > 0 && times >= 2) return `${fold(times)} too${NBSP}high`;
  if (times > 0 && times <= 0.5) return `${fold(1 / times)} too${NBSP}low`;
  const few = difference > 0 && (difference <= 10 || Math.abs(off ?? 1) < 0.1);
  if (COUNTED.test(unit) && few)
    return `${format.count(difference)}${NBSP}too ${predicted > measured ? 'many' : 'few'}`;
  return off === null ? 'wrong' : `${off < 0 ? '−' : '+'}${format.percent(Math.abs(off))}`;
}

/** @param {number} times */
function fold(times) {
  return times > MANY ? `>${MANY}×` : `${times < 10 ? Number(times.toPrecision(2)) : format.count(times)}×`;
}

/** @param {CodeResult} code */
function compiled({ passed, said, html, unwritten }) {
  /** @type {HTMLElement[]} */
  const made = [element('h3', '', passed ? '✓ Your code passes' : 'Your code')];
  if (unwritten) made.push(element('p', 'reveals', unwritten));
  if (html.reveals) made.push(element('p', 'reveals', prose(html.reveals)));
  if (said.trim()) {
    const output = element('pre', 'compiler', said.trim());
    output.tabIndex = 0;
    output.setAttribute('role', 'region');
    output.setAttribute('aria-label', 'What the compiler and the check say');
    made.push(
      passed || unwritten
        ? element('details', '', element('summary', '', 'What the compiler and the check say'), output)
        : output,
    );
  }
  return made;
}

/**
 * The card that explains the answers.
 * @param {string} html
 */
export function explanation(html) {
  return element('section', 'card explanation', element('h2', '', 'Why'), element('div', 'prose', prose(html)));
}

/**
 * An answer in a column; a choice may have markup.
 * @param {Judgement} question
 * @param {Column} column
 */
function inWords(question, column) {
  const html = column === 'theory' ? null : question.html[column];
  return html === null ? inUnit(question[column]) : prose(html);
}

/**
 * A number or a choice, with its unit.
 * @param {Answer | null} value
 */
export function inUnit(value, unit = '') {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'number' ? format.rate(value) : value;
  return unit ? `${text} ${unit}` : text;
}
