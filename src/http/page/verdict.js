// What came of a check: a table of what was predicted, said by theory, simulated and measured; what a
// wrong answer suggests; what the compiler says.
//
// Responsible for: how it looks. The server has judged.

import { inline, markdown } from './markdown.js';
import { element, format } from './panels.js';

const COLUMNS = ['predicted', 'theory', 'simulated', 'measured'];
const NO_IDEA = 'None of the usual wrong ideas leads there; compare the columns.';

/** The elements for a result. */
export function verdict({ passed, questions, code, remarks }) {
  const right = questions.filter((question) => question.verdict === 'right').length;
  const made = [element('p', `outcome ${passed ? 'passed' : ''}`, passed ? '✓ Finished' : summary(questions, right, code))];
  if (remarks.length) {
    const heading = `${remarks.length === 1 ? 'A remark' : `${remarks.length} remarks`} on how this was measured`;
    made.push(element('details', 'remarks-on-it', element('summary', '', heading), ...remarks.map((text) => element('p', '', text))));
  }
  if (questions.length) made.push(table(questions));
  if (code) made.push(...compiled(code));
  return made;
}

function summary(questions, right, code) {
  const parts = [];
  if (questions.length) parts.push(`${right} of ${questions.length} right`);
  if (code) parts.push(code.passed ? 'your code passes' : 'your code does not pass yet');
  return `Not yet: ${parts.join(', ')}`;
}

function table(questions) {
  const head = element('tr', '', ...[...COLUMNS, 'verdict'].map((name) => {
    const cell = element('th', '', name);
    cell.scope = 'col';
    return cell;
  }));
  const made = element('table', 'judged', element('thead', '', head), ...questions.map(rows));
  const scroll = element('div', 'scroll', made);
  scroll.tabIndex = 0;
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', 'Predicted, theory, simulated, measured, and the verdict');
  return scroll;
}

/** A question: what was asked, the figures, and, unless it is right, what that suggests. */
function rows(question) {
  const { kind, why } = read(question.verdict);
  const asked = element('th', 'asked', inline(question.ask), ...(question.unit ? [element('small', '', ` ${question.unit.startsWith('/') ? '' : 'in '}${question.unit}`)] : []));
  asked.scope = 'rowgroup';
  asked.colSpan = COLUMNS.length + 1;
  const off = kind === 'wrong' && question.off !== null ? ` ${percent(question.off)}` : '';
  const marks = { right: '✓ right', wrong: `✗${off || ' wrong'}`, missing: 'open', unknown: '?' };
  const figures = element('tr', '', ...cells(question), element('td', `mark-of ${kind}`, marks[kind]));
  const made = element('tbody', '', element('tr', '', asked), figures);
  if (kind !== 'right') {
    const says = { wrong: why ?? NO_IDEA, missing: 'Not predicted.', unknown: why }[kind];
    const cell = element('td', 'reveals', element('p', '', inline(says)), element('p', 'look', element('b', '', 'Look: '), inline(question.look)));
    cell.colSpan = COLUMNS.length + 1;
    made.append(element('tr', '', cell));
  }
  return made;
}

/** The figures in their columns; choices need more room, and stand below each other. */
function cells(question) {
  const known = COLUMNS.filter((name) => question[name] !== null);
  if (!known.some((name) => typeof question[name] === 'string')) {
    return COLUMNS.map((name) => element('td', '', inUnit(question[name])));
  }
  const lines = known.map((name) => element('div', '', element('dt', '', name), element('dd', '', inline(inUnit(question[name])))));
  const cell = element('td', 'said-in-words', element('dl', '', ...lines));
  cell.colSpan = COLUMNS.length;
  return [cell];
}

/** A verdict is a word, or a word with a reason. */
function read(verdict_) {
  if (typeof verdict_ === 'string') return { kind: verdict_, why: null };
  const [[kind, why]] = Object.entries(verdict_);
  return { kind, why };
}

function percent(share) {
  const sign = share < 0 ? '−' : '+';
  if (share >= 10) return `× ${format.brief(share + 1)}`;
  // Nearly nothing of it is not nothing.
  return share > -1 && share < -0.995 ? `÷ ${format.brief(1 / (share + 1))}` : `${sign}${format.percent(Math.abs(share))}`;
}

function compiled({ passed, said, reveals }) {
  const made = [element('h3', '', passed ? '✓ Your code passes' : 'Your code')];
  if (reveals) made.push(element('p', 'reveals', inline(reveals)));
  if (said.trim()) {
    const output = element('pre', 'compiler', said.trim());
    output.tabIndex = 0;
    output.setAttribute('role', 'region');
    output.setAttribute('aria-label', 'What the compiler and the check say');
    made.push(passed ? element('details', '', element('summary', '', 'What the compiler and the check say'), output) : output);
  }
  return made;
}

/** The card that says why. */
export function explanation(text) {
  return element('section', 'card explanation', element('h2', '', 'Why'), element('div', 'prose', markdown(text)));
}

/** A number or a choice, with its unit. */
export function inUnit(value, unit = '') {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'number' ? format.rate(value) : value;
  return unit ? `${text} ${unit}` : text;
}
