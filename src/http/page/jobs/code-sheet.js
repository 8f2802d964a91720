// @ts-check
// The text of the code: the running version compared with the file.
//
// Responsible for: reading both, and marking the lines that differ. The text is untrusted and is never parsed as HTML.

import { element } from '../dom.js';
import { ask, messageOf } from '../server.js';

/** @import { SideSheet } from '../labs/sheet.js' */
/** @import { CodeText } from './types.d.ts' */

const LONGEST = 600; // lines that are compared
/** @type {Record<string, string>} */
const SIGNS = { same: ' ', del: '−', ins: '+' };

/** @param {SideSheet} sheet */
export async function showCode(sheet) {
  const close = element('button', 'plain end', 'Close');
  close.type = 'button';
  close.addEventListener('click', () => sheet.close());
  const title = element('h2', '', 'The code');
  const about = element('p', 'muted', 'reading …');
  const body = element('pre', 'source');
  body.tabIndex = 0;
  const top = element('section', '', element('div', 'row', title, close), about);
  sheet.open('code', 'The code', [top, element('section', 'fill', body)]);
  try {
    /** @type {CodeText} */
    const { version, text, file_text: saved, file } = await ask('api/jobs/code');
    const differs = saved !== null && saved !== text;
    const lines = differs ? difference(text.split('\n'), saved.split('\n')) : text.split('\n').map(same);
    about.textContent = differs
      ? `v${version} runs. ${file} differs: − running, + saved.`
      : saved === null
        ? `v${version} runs. The file ${file} does not exist.`
        : `v${version} runs. It is the same as ${file}.`;
    body.replaceChildren(...lines.map(([kind, line]) => element('span', kind, `${SIGNS[kind]} ${line}\n`)));
  } catch (error) {
    about.textContent = `The code cannot be shown: ${messageOf(error)}`;
    about.classList.add('alarm');
  }
}

/** @param {string} line @returns {[string, string]} */
const same = (line) => ['same', line];

/**
 * The shortest list of lines to remove and to add.
 * @param {string[]} old
 * @param {string[]} fresh
 * @returns {[kind: string, line: string][]}
 */
export function difference(old, fresh) {
  if (old.length > LONGEST || fresh.length > LONGEST) {
    return [
      ...old.map((line) => /** @type {[string, string]} */ (['del', line])),
      ...fresh.map((line) => /** @type {[string, string]} */ (['ins', line])),
    ];
  }
  // The longest common subsequence of the rest, from each pair of places.
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      common[i][j] = old[i] === fresh[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  /** @type {[string, string][]} */
  const lines = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      lines.push(same(old[i]));
      i += 1;
      j += 1;
    } else if (j >= fresh.length || (i < old.length && common[i + 1][j] >= common[i][j + 1])) {
      lines.push(['del', old[i]]);
      i += 1;
    } else {
      lines.push(['ins', fresh[j]]);
      j += 1;
    }
  }
  return lines;
}
