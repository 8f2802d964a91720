// @ts-check
// One key of the configuration: its name, the control for its value, and its notes.
//
// Responsible for: the draft of a value until it is applied or discarded, the problem below it, and why it
// cannot be edited. configuration.js sends drafts to the server.

import { fieldText, tomlOf } from './config-value.js';
import { element, write } from './dom.js';

/** @import { EditableKey } from './config.d.ts' */

export class Field {
  /** @type {EditableKey} */
  #key;

  /**
   * @param {EditableKey} key
   * @param {() => void} edited called after each edit of the value
   */
  constructor(key, edited) {
    this.#key = key;
    this.name = key.name;
    const id = `key-${key.name}`;
    this.input = control(key);
    this.input.id = id;
    this.input.setAttribute('aria-describedby', `about-${id} tags-${id} problem-${id}`);
    const label = element('label', 'key', key.name.slice(key.name.indexOf('.') + 1));
    label.setAttribute('for', id);
    label.dataset.term = id;
    this.tags = element('span', 'tags');
    this.tags.id = `tags-${id}`;
    this.problem = element('p', 'problem');
    this.problem.id = `problem-${id}`;
    const [term, about] = [element('span', 'hidden', key.name), element('span', 'hidden', explained(key))];
    term.id = `term-${id}`;
    about.id = `about-${id}`;
    this.node = element('div', 'line', label, '\u00a0= ', this.input, this.tags, this.problem, term, about);
    this.input.addEventListener('input', edited);
    this.input.addEventListener('keydown', (event) => {
      if (!(event instanceof KeyboardEvent) || event.key !== 'Escape' || !this.isEdited) return;
      this.discard();
      edited();
    });
    this.input.value = fieldText(key, key.value);
  }

  /** Whether the field has another value than the one in force. */
  get isEdited() {
    return this.toml !== tomlOf(this.#key, fieldText(this.#key, this.#key.value));
  }

  /** The field's value as TOML. */
  get toml() {
    return tomlOf(this.#key, this.input.value);
  }

  /** The value in force, if the file has another one, as TOML. */
  get unwritten() {
    return this.#key.value === this.#key.in_file ? null : this.#key.value;
  }

  /** The value of the file as TOML. */
  get inFile() {
    return this.#key.in_file;
  }

  get isByFlag() {
    return this.#key.flag;
  }

  /**
   * Takes over the server's state of the key. A draft stays.
   * @param {EditableKey} key
   * @param {boolean} off whether nothing can be edited
   */
  update(key, off) {
    const before = this.#key;
    const keep = this.isEdited;
    this.#key = key;
    if (!keep) this.discard();
    const isFixed = off || key.flag;
    if (this.input instanceof HTMLInputElement) this.input.readOnly = isFixed;
    else this.input.disabled = isFixed;
    this.node.classList.toggle('fixed', isFixed);
    this.input.classList.toggle('changed', before.value !== key.value);
    this.mark();
  }

  discard() {
    this.input.value = fieldText(this.#key, this.#key.value);
    this.fail('');
  }

  /** Shows the notes beside the value. */
  mark() {
    const { flag, restart, in_file: inFile, value } = this.#key;
    this.node.classList.toggle('edited', this.isEdited);
    write(
      this.tags,
      [
        flag && 'set by a flag, which wins',
        this.isEdited && `in force: ${value}`,
        value !== inFile && `not in the file, which has ${inFile}`,
        restart && this.isEdited && 'needs a restart',
      ]
        .filter(Boolean)
        .map((tag) => `  # ${tag}`)
        .join(''),
    );
  }

  /** @param {string} message empty if the value is right */
  fail(message) {
    write(this.problem, message);
    this.input.setAttribute('aria-invalid', String(message !== ''));
    this.mark();
  }
}

/**
 * @param {EditableKey} key
 * @returns {HTMLInputElement | HTMLSelectElement}
 */
function control({ kind, words }) {
  const choices = kind === 'boolean' ? ['true', 'false'] : words;
  if (choices) {
    const select = element('select', 'value');
    select.append(...choices.map((word) => element('option', '', word)));
    return select;
  }
  const input = element('input', `value ${kind}`);
  input.autocomplete = 'off';
  input.spellcheck = false;
  if (kind === 'integer') input.inputMode = 'numeric';
  if (kind === 'number') input.inputMode = 'decimal';
  return input;
}

/** @param {EditableKey} key */
function explained({ about, allowed, default: usual }) {
  return `${about} Expected: ${allowed}. Default: ${usual}.`;
}
