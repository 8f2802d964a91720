// @ts-nocheck
// Markdown into elements: headings, paragraphs, lists, fences, tables, quotes, code, emphasis, links.
//
// Responsible for: the part of Markdown that exercises are written in. Text only ever becomes text nodes,
// and a link only one to http or to this page; markup inside the text is shown as it is written.

import { command, commands, copying, here, typed } from './commands.js';
import { element } from './dom.js';

const ITEM = /^(\s*)([-*]|\d+\.)\s+(.*)$/;
const FENCE = /^\s*```\s*([\w-]*)/;
const RULE = /^\|?[\s:|-]+\|?$/;
// In this order: what stands in code is code, whatever it looks like.
const INLINE =
  /(`+)(.+?)\1(?!`)|\[([^\]]+)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|<(https?:\/\/[^>\s]+)>|\*\*(.+?)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*|\b_([^_]+)_\b/;

/** A text as elements. Its first heading is left out with `untitled`: the page has said it. */
export function markdown(text, { untitled = false } = {}) {
  const lines = text.replaceAll('\r', '').split('\n');
  const first = lines.findIndex((line) => line.trim());
  if (untitled && lines[first]?.startsWith('# ')) lines.splice(0, first + 1);
  const made = document.createDocumentFragment();
  made.append(...blocks(lines));
  return made;
}

/** A line or a few as elements, without a paragraph around them. */
export function inline(text) {
  const made = document.createDocumentFragment();
  made.append(...spans(text.trim().replace(/\s*\n\s*/g, ' ')));
  return made;
}

function blocks(lines) {
  const made = [];
  let at = 0;
  /** The lines from here for as long as they are of a kind. */
  const take = (while_) => {
    const from = at;
    while (at < lines.length && while_(lines[at], at - from)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (!line.trim()) at += 1;
    else if (FENCE.test(line)) {
      const [, language] = FENCE.exec(line);
      at += 1;
      made.push(
        code(
          take((one) => !FENCE.test(one)),
          language,
        ),
      );
      at += 1;
    } else if (heading) {
      // The page has the first heading; its sections come below.
      made.push(element(`h${Math.max(2, Math.min(heading[1].length, 6))}`, '', ...spans(heading[2])));
      at += 1;
    } else if (line.startsWith('    '))
      made.push(code(take((one) => one.startsWith('    ')).map((one) => one.slice(4))));
    else if (line.includes('|') && RULE.test(lines[at + 1] ?? '') && lines[at + 1].includes('-'))
      made.push(table(take((one) => one.includes('|'))));
    else if (ITEM.test(line))
      made.push(list(take((one, n) => n === 0 || ITEM.test(one) || /^\s+\S/.test(one) || !ends(one, lines[at + 1]))));
    else if (line.startsWith('>'))
      made.push(
        element('blockquote', '', ...blocks(take((one) => one.startsWith('>')).map((one) => one.replace(/^> ?/, '')))),
      );
    else if (/^(-{3,}|\*{3,})$/.test(line.trim())) {
      made.push(element('hr', ''));
      at += 1;
    } else
      made.push(
        element(
          'p',
          '',
          ...spans(
            take((one, n) => one.trim() && (n === 0 || !begins(one)))
              .map((one) => one.trim())
              .join(' '),
          ),
        ),
      );
  }
  return made;
}

/** Whether a line ends a list: it is empty, and what follows is no part of it; or another block begins. */
function ends(line, next = '') {
  if (line.trim()) return begins(line);
  return !ITEM.test(next) && !/^\s+\S/.test(next);
}

/** Whether a block begins here that needs no empty line before it. A number may as well be in a sentence. */
function begins(line) {
  return FENCE.test(line) || /^#{1,6}\s/.test(line) || /^>/.test(line) || /^[-*]\s/.test(line);
}

function list(lines) {
  const [, indent, bullet] = ITEM.exec(lines[0]);
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length <= indent.length) items.push([item[3]]);
    else items.at(-1).push(line.replace(/^ {1,4}/, ''));
  }
  const made = element(
    /\d/.test(bullet) ? 'ol' : 'ul',
    '',
    ...items.map((item) => {
      const parts = blocks(item);
      // An item of one paragraph is no paragraph.
      return element('li', '', ...(parts[0]?.localName === 'p' ? [...parts[0].childNodes, ...parts.slice(1)] : parts));
    }),
  );
  if (made.localName === 'ol') made.start = parseInt(bullet, 10);
  return made;
}

function table([head, , ...rows]) {
  // A bar within code is no border.
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/\|(?=(?:[^`]*`[^`]*`)*[^`]*$)/)
      .map((cell) => cell.trim());
  const row = (name, line) => element('tr', '', ...cells(line).map((cell) => element(name, '', ...spans(cell))));
  const made = element(
    'table',
    '',
    element('thead', '', row('th', head)),
    element('tbody', '', ...rows.map((line) => row('td', line))),
  );
  return scrolling(element('div', 'scroll', made), 'A table');
}

/** A block of code, and what copies it. It names our own server where it is, not where it is as a rule. */
export function code(lines, language = '') {
  const text = commands(lines.join('\n'));
  return element('div', 'block', element('pre', language, typed(text)), copying(text));
}

/** What may be wider than the page can be scrolled by keyboard. */
function scrolling(node, label) {
  node.tabIndex = 0;
  node.setAttribute('role', 'region');
  node.setAttribute('aria-label', label);
  return node;
}

function spans(text) {
  const made = [];
  let rest = text;
  while (rest) {
    const found = INLINE.exec(rest);
    if (!found) break;
    const [whole, ticks, coded, label, target, address, strong, stressed, underlined] = found;
    if (found.index > 0) made.push(rest.slice(0, found.index));
    if (ticks) made.push(typed(command(coded.trim())));
    else if (label) made.push(link(spans(label), target));
    else if (address) made.push(link([here(address)], address));
    else if (strong) made.push(element('strong', '', ...spans(strong)));
    else made.push(element('em', '', ...spans(stressed ?? underlined)));
    rest = rest.slice(found.index + whole.length);
  }
  if (rest) made.push(rest);
  return made;
}

/** A link to http. One to a file of the sources names it, as the server does not have it. */
function link(content, target) {
  const address = here(target);
  if (/^https?:\/\//i.test(address) || address.startsWith('#')) {
    const made = element('a', '', ...content);
    made.href = address;
    if (!address.startsWith('#')) Object.assign(made, { target: '_blank', rel: 'noopener noreferrer' });
    return made;
  }
  const said = content.map((part) => part.textContent ?? part).join('');
  const made = element('span', '', ...content);
  if (said !== target) made.append(' (', element('code', '', target), ')');
  return made;
}
