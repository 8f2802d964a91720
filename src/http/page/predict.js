// What somebody predicts of an exercise: a form that writes each answer down as it is given.
//
// Responsible for: the fields, and what is said beside them. What is an answer, the server says.

import { inline } from './markdown.js';
import { element, write } from './panels.js';
import { order } from './server.js';

export class Predictions {
  #saved = Promise.resolve(); // one answer is written down after the other

  constructor({ questions, state }, api) {
    this.api = api;
    this.before = state.predictions;
    this.fields = new Map();
    this.form = element('form', 'predict');
    this.form.autocomplete = 'off';
    this.form.noValidate = true;
    for (const question of questions) {
      const said = element('p', 'wrong-field');
      said.id = `said-${question.name}`;
      said.setAttribute('role', 'alert');
      const field = question.choices.length ? this.#choices(question) : this.#number(question);
      field.append(said);
      this.fields.set(question.name, { field, said });
      this.form.append(field);
    }
    this.written = element('p', 'written');
    this.written.setAttribute('role', 'status');
    this.form.addEventListener('change', (event) => this.#save([event.target.name]));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.save();
    });
    this.#count();
    this.section = element('section', 'card', element('h2', '', 'Predict'), this.form, this.written);
  }

  #number({ name, ask: asked, unit }) {
    const input = element('input', '');
    input.name = name;
    input.inputMode = 'decimal';
    input.spellcheck = false;
    input.value = this.before[name] ?? '';
    input.setAttribute('aria-describedby', `said-${name}`);
    return element('div', 'question', element('label', '', element('span', '', inline(asked)), element('span', 'answer', input, unit ? element('span', 'unit', unit) : '')));
  }

  #choices({ name, ask: asked, choices }) {
    const before = this.before[name];
    const radios = choices.map((choice, index) => {
      const radio = element('input', '');
      Object.assign(radio, { type: 'radio', name, value: String(index + 1), checked: before === choice });
      return element('label', 'choice', radio, element('span', '', inline(choice)));
    });
    return element('fieldset', 'question', element('legend', '', inline(asked)), ...radios);
  }

  #value(name) {
    const value = this.form.elements.namedItem(name)?.value ?? '';
    return value.replace(/(?<=\d)[\s\u202f\u2009](?=\d)/g, '');
  }

  #open() {
    return [...this.fields.keys()].filter((name) => !this.#value(name).trim());
  }

  #count(alarm = '') {
    const refused = [...this.fields.values()].filter(({ field }) => field.classList.contains('refused'));
    const open = this.#open().length + refused.length;
    const all = this.fields.size;
    const words = open ? `${all - open} of ${all} written down` : '✓ written down';
    write(this.written, alarm || words);
    this.written.classList.toggle('alarm', Boolean(alarm));
    this.written.classList.toggle('all', !alarm && !open);
  }

  /** Goes to the first question that is open, if there is one, and says so. */
  focusOpen() {
    const [first] = this.#open();
    if (first) this.form.querySelector(`[name="${CSS.escape(first)}"]`).focus();
    return Boolean(first);
  }

  /** Writes all answers down. False if one of them could not be. */
  save() {
    return this.#save([...this.fields.keys()]);
  }

  /** Writes answers down, one by one: one that is refused is told beside it, and the others stay. */
  #save(names) {
    this.#saved = this.#saved.then(async () => {
      let good = true;
      let alarm = '';
      for (const name of names) {
        const { said, field } = this.fields.get(name);
        try {
          await order(`${this.api}/predict`, { [name]: this.#value(name) });
          write(said, '');
          field.classList.remove('refused');
        } catch (error) {
          good = false;
          const own = error.message.startsWith(`${name} = `);
          write(said, own ? error.message.slice(name.length + 3) : '');
          field.classList.toggle('refused', own);
          if (!own) alarm = error.message;
        }
      }
      this.#count(alarm);
      return good;
    });
    return this.#saved;
  }
}
