// @ts-check
// Commands and addresses as a reader has to type them: texts are written for a bench on port 4000.
//
// Responsible for: naming the server that has served this page, wherever it is, and copying a command.

import { element } from './dom.js';

const USUAL = /^(127\.0\.0\.1|localhost):4000$/;
const AS_A_RULE = /\b(127\.0\.0\.1|localhost):4000\b/g;
// A command that starts a bench takes --listen, one that calls a server --url, and the others take either.
const STARTS = /^\s*cargo run --release(?=\s|$)/;
const CALLS = /^\s*weir (match|room|load (watch|rooms))(?=\s|$)/;
const SPEAKS = /^\s*weir (load|snapshot|components|kill|restart|pause|resume|purge|queue|reset|set)(?=\s|$)/;
const COPIED_MS = 1500;

/**
 * Replaces addresses within a text.
 * @param {string} text
 */
export function here(text) {
  return text.replace(AS_A_RULE, location.host);
}

/**
 * A few lines for a terminal. A command may continue in the next line, after a backslash.
 * @param {string} text
 */
export function commands(text) {
  const lines = here(text).split('\n');
  let command = '';
  return lines
    .map((line) => {
      command += `${line}\n`;
      if (line.endsWith('\\')) return line;
      const option = optionFor(command);
      command = '';
      if (!option) return line;
      // The option goes before a remark.
      const [, typed, remark] = /^(.*?)(\s+#\s.*)?$/.exec(line) ?? ['', line];
      return `${typed.trimEnd()}${option}${remark ?? ''}`;
    })
    .join('\n');
}

/**
 * A command within a sentence. A bare `weir load` is only a name there.
 * @param {string} text
 */
export function command(text) {
  return text === 'weir load' ? text : commands(text);
}

/**
 * A text in code, with options that are not broken at their hyphens.
 * @param {string} text
 */
export function typed(text) {
  const made = element('code', '');
  made.append(
    ...text.split(/(?<=^|\s)(--?\w[\w-]*)/).map((part, index) => (index % 2 ? element('span', 'option', part) : part)),
  );
  return made;
}

/**
 * The option that a command needs to find this server.
 * @param {string} command
 */
function optionFor(command) {
  if (USUAL.test(location.host) || / --(listen|url)\b/.test(command)) return '';
  const port = location.port || '80';
  const name = location.hostname === 'localhost' ? '127.0.0.1' : location.hostname;
  const isAddress = /^[\d.]+$|^\[/.test(name) && location.protocol === 'http:';
  if (CALLS.test(command)) return ` --url ${location.origin}`;
  if (SPEAKS.test(command)) return isAddress ? ` --listen ${name}:${port}` : ` --url ${location.origin}`;
  if (!STARTS.test(command) || !isAddress) return '';
  return `${/ --(\s|$)/.test(command) ? '' : ' --'} --listen ${name}:${port}`;
}

/**
 * A button that copies a text, where the browser lets a page do that.
 * @param {string} text
 */
export function copying(text) {
  if (!navigator.clipboard) return '';
  const button = element('button', 'copy', 'Copy');
  button.type = 'button';
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    button.textContent = copied ? 'Copied' : 'Not allowed';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, COPIED_MS);
  });
  return button;
}
