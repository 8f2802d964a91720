// @ts-check
// The predictions of an exercise: a form that saves each answer as it is given.
//
// Responsible for: the fields, the messages beside them, and telling which answers the server does not
// have yet. Another page or a terminal may answer as well. The server decides what is an answer.

import { element, write } from './dom.js';
import { prose } from './prose.js';
import { messageOf, order } from './server.js';

/** @import { Answer, Exercise, Judgement, Question } from './workshop.d.ts' */

/**
 * @typedef {object} Field
 * @property {Question} question
 * @property {HTMLElement} field
 * @property {HTMLElement} said the message beside it
 * @property {Answer | null} value the answer that the server has
 * @property {string} text how that answer stands in the field
 */

export class Predictions {
  /** @type {Promise<string>} answers are saved one after the other */
  #saved = Promise.resolve('');
  #turn = 0; // an answer of the server that was asked for before a save is out of date
  /** @type {Map<string, Field>} by the question's name */
  #fields = new Map();

  /** Called whenever a field or a saved answer changes. */
  changed = () => {};

  /**
   * @param {Exercise} exercise
   * @param {string} api
   */
  constructor({ questions, state }, api) {
    this.api = api;
    this.before = state.predictions;
    this.form = element('form', 'predict');
    this.form.autocomplete = 'off';
    this.form.noValidate = true;
    for (const question of questions) {
      const said = element('p', 'wrong-field');
      said.id = `said-${question.name}`;
      said.setAttribute('role', 'alert');
      const field = question.choices.length ? this.#choices(question) : this.#number(question);
      field.append(said);
      this.form.append(field);
      const value = this.before[question.name] ?? null;
      this.#fields.set(question.name, { question, field, said, value, text: this.#shown(question, value) });
    }
    this.written = element('p', 'written');
    this.written.setAttribute('role', 'status');
    this.form.addEventListener('input', () => this.changed());
    this.form.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement) this.#save([event.target.name]);
    });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.save();
    });
    this.#count();
    this.section = element('section', 'card', element('h2', '', 'Predict'), this.form, this.written);
  }

  /** @param {Question} question */
  #number({ name, html, unit }) {
    const input = element('input', '');
    input.name = name;
    input.inputMode = 'decimal';
    input.spellcheck = false;
    input.value = String(this.before[name] ?? '');
    input.setAttribute('aria-describedby', `said-${name}`);
    return element(
      'div',
      'question',
      element(
        'label',
        '',
        element('span', '', prose(html.ask)),
        element('span', 'answer', input, unit ? element('span', 'unit', unit) : ''),
      ),
    );
  }

  /** @param {Question} question */
  #choices({ name, html, choices }) {
    const before = this.before[name];
    const radios = choices.map((choice, index) => {
      const radio = element('input', '');
      Object.assign(radio, { type: 'radio', name, value: String(index + 1), checked: before === choice });
      return element('label', 'choice', radio, element('span', '', prose(html.choices[index])));
    });
    return element('fieldset', 'question', element('legend', '', prose(html.ask)), ...radios);
  }

  /**
   * How a saved answer stands in its field.
   * @param {Question} question
   * @param {Answer | null} value
   */
  #shown({ choices }, value) {
    if (value === null) return '';
    return choices.length ? String(choices.indexOf(String(value)) + 1 || '') : String(value);
  }

  /**
   * The text in a field.
   * @param {string} name
   */
  #typed(name) {
    const field = this.form.elements.namedItem(name);
    return field instanceof HTMLInputElement || field instanceof RadioNodeList ? field.value : '';
  }

  /** @param {string} name */
  #differs(name) {
    return this.#typed(name) !== this.#fields.get(name)?.text;
  }

  #open() {
    return [...this.#fields.keys()].filter((name) => !this.#typed(name).trim());
  }

  #refused() {
    return [...this.#fields.values()].filter(({ field }) => field.classList.contains('refused'));
  }

  /** Says how many answers are saved. */
  #count(alarm = '') {
    const all = this.#fields.size;
    const done = [...this.#fields].filter(([name, { value }]) => value !== null && !this.#differs(name)).length;
    const open = all - done;
    const words = open ? `${done} of ${all} saved` : '✓ saved';
    write(this.written, alarm || words);
    this.written.classList.toggle('alarm', Boolean(alarm));
    this.written.classList.toggle('all', !alarm && !open);
    this.changed();
  }

  /** Whether there is an answer to every question, and the server has it. */
  get complete() {
    return [...this.#fields.values()].every(({ value }) => value !== null);
  }

  /**
   * Whether these are other answers than those that were judged.
   * @param {Judgement[]} judged
   */
  differ(judged) {
    return judged.some(({ question, predicted }) => {
      const field = this.#fields.get(question);
      return field !== undefined && (this.#differs(question) || field.value !== (predicted ?? null));
    });
  }

  /** Goes to the first question that is open, if there is one, and says so. */
  focusOpen() {
    const [first] = this.#open();
    if (first) this.#inputs(first)[0].focus();
    return Boolean(first);
  }

  /** Saves the answers that the server does not have. Returns why one could not be saved, or nothing. */
  async save() {
    const why = await this.#save([...this.#fields.keys()].filter((name) => this.#differs(name)));
    if (!why) this.#refused()[0]?.field.querySelector('input')?.focus();
    return why || (this.#refused().length ? 'an answer cannot be saved; the reason stands beside it' : '');
  }

  /**
   * Takes over the saved answers wherever nothing else has been typed meanwhile.
   * @param {Promise<Exercise>} asking
   */
  async adopt(asking) {
    const turn = this.#turn;
    const now = await asking;
    if (turn !== this.#turn) return now;
    for (const [name, field] of this.#fields) {
      const value = now.state.predictions[name] ?? null;
      if (value !== field.value && !this.#differs(name)) this.#stored(name, value, true);
    }
    this.#count();
    return now;
  }

  /**
   * Notes the answer that the server has now.
   * @param {string} name
   * @param {Answer | null} value
   * @param {boolean} show whether the field is to show it
   */
  #stored(name, value, show) {
    const field = this.#field(name);
    field.value = value;
    field.text = show ? this.#shown(field.question, value) : this.#typed(name);
    if (!show) return;
    const inputs = this.#inputs(name);
    if (!field.question.choices.length) inputs[0].value = field.text;
    else for (const radio of inputs) radio.checked = radio.value === field.text;
  }

  /**
   * @param {string} name
   * @returns {Field}
   */
  #field(name) {
    const field = this.#fields.get(name);
    if (!field) throw new Error(`The form has no field ${name}.`);
    return field;
  }

  /**
   * @param {string} name
   * @returns {HTMLInputElement[]}
   */
  #inputs(name) {
    return [...this.form.querySelectorAll('input')].filter((input) => input.name === name);
  }

  /**
   * Saves answers one by one. The reason for a refusal stands beside its field; the others are saved.
   * @param {string[]} names
   * @returns {Promise<string>} why the server could not be asked, or nothing
   */
  #save(names) {
    this.#saved = this.#saved.then(async () => {
      let alarm = '';
      for (const name of names) {
        const { said, field } = this.#field(name);
        const typed = this.#typed(name);
        let own = '';
        try {
          const sent = typed.replace(/(?<=\d)[\s\u202f\u2009](?=\d)/g, '');
          const { predictions } = JSON.parse(await order(`${this.api}/predict`, { [name]: sent }));
          const value = predictions[name] ?? null;
          // A number that was typed with a unit or in groups is shown as the number that was read.
          if (this.#typed(name) === typed) this.#stored(name, value, value !== null);
          else Object.assign(this.#field(name), { value, text: typed });
        } catch (error) {
          const message = messageOf(error);
          own = message.startsWith(`${name} = `) ? message.slice(name.length + 3) : '';
          if (!own) {
            alarm = message;
            continue;
          }
        } finally {
          this.#turn += 1;
        }
        write(said, own);
        field.classList.toggle('refused', Boolean(own));
      }
      this.#count(alarm && `not saved: ${alarm}`);
      return alarm;
    });
    return this.#saved;
  }
}
