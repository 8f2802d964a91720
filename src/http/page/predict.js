// What somebody predicts of an exercise: a form that writes each answer down as it is given.
//
// Responsible for: the fields, what is said beside them, and which of them the server does not have yet:
// there may be another page, or a terminal. What is an answer, the server says.

import { element, write } from './dom.js';
import { inline } from './markdown.js';
import { order } from './server.js';

export class Predictions {
  #saved = Promise.resolve(); // one answer is written down after the other
  #turn = 0; // what was asked before an answer was written down does not know of it

  /** `changed` is called whenever a field or what is stored differs from before. */
  changed = () => {};

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
      this.form.append(field);
      // What is stored, and the text that stands for it here.
      const value = this.before[question.name] ?? null;
      this.fields.set(question.name, { question, field, said, value, text: this.#shown(question, value) });
    }
    this.written = element('p', 'written');
    this.written.setAttribute('role', 'status');
    this.form.addEventListener('input', () => this.changed());
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
    return element(
      'div',
      'question',
      element(
        'label',
        '',
        element('span', '', inline(asked)),
        element('span', 'answer', input, unit ? element('span', 'unit', unit) : ''),
      ),
    );
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

  /** How a stored answer stands in its field. */
  #shown({ choices }, value) {
    if (value === null) return '';
    return choices.length ? String(choices.indexOf(value) + 1 || '') : String(value);
  }

  /** What stands in a field. */
  #typed(name) {
    return this.form.elements.namedItem(name)?.value ?? '';
  }

  #differs(name) {
    return this.#typed(name) !== this.fields.get(name).text;
  }

  #open() {
    return [...this.fields.keys()].filter((name) => !this.#typed(name).trim());
  }

  #refused() {
    return [...this.fields.values()].filter(({ field }) => field.classList.contains('refused'));
  }

  #count(alarm = '') {
    const all = this.fields.size;
    const done = [...this.fields].filter(([name, { value }]) => value !== null && !this.#differs(name)).length;
    const open = all - done;
    const words = open ? `${done} of ${all} written down` : '✓ written down';
    write(this.written, alarm || words);
    this.written.classList.toggle('alarm', Boolean(alarm));
    this.written.classList.toggle('all', !alarm && !open);
    this.changed();
  }

  /** Whether there is an answer to every question, and the server has it. */
  get complete() {
    return [...this.fields.values()].every(({ value }) => value !== null);
  }

  /** Whether these are other answers than those that were judged. */
  differ(judged) {
    return judged.some(({ question, predicted }) => {
      const field = this.fields.get(question);
      return field && (this.#differs(question) || field.value !== (predicted ?? null));
    });
  }

  /** Goes to the first question that is open, if there is one, and says so. */
  focusOpen() {
    const [first] = this.#open();
    if (first) this.form.querySelector(`[name="${CSS.escape(first)}"]`).focus();
    return Boolean(first);
  }

  /** Writes down what the server does not have. Says why not, if one of them could not be. */
  async save() {
    const why = await this.#save([...this.fields.keys()].filter((name) => this.#differs(name)));
    if (!why) this.#refused()[0]?.field.querySelector('input').focus();
    return why || (this.#refused().length ? 'an answer cannot be written down; it says so beside it' : '');
  }

  /** Asks for what is stored, and takes it over wherever nothing else has been typed meanwhile. */
  async adopt(asking) {
    const turn = this.#turn;
    const now = await asking;
    if (turn !== this.#turn) return now;
    for (const [name, field] of this.fields) {
      const value = now.state.predictions[name] ?? null;
      if (value !== field.value && !this.#differs(name)) this.#stored(name, value, true);
    }
    this.#count();
    return now;
  }

  /** What the server has now. The field shows it, as far as it is to. */
  #stored(name, value, show) {
    const field = this.fields.get(name);
    field.value = value;
    field.text = show ? this.#shown(field.question, value) : this.#typed(name);
    if (!show) return;
    const inputs = this.form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
    if (!field.question.choices.length) inputs[0].value = field.text;
    else
      inputs.forEach((radio) => {
        radio.checked = radio.value === field.text;
      });
  }

  /** Writes answers down, one by one: one that is refused is told beside it, and the others stay. */
  #save(names) {
    this.#saved = this.#saved.then(async () => {
      let alarm = '';
      for (const name of names) {
        const { said, field } = this.fields.get(name);
        const typed = this.#typed(name);
        let own = '';
        try {
          const sent = typed.replace(/(?<=\d)[\s\u202f\u2009](?=\d)/g, '');
          const { predictions } = JSON.parse(await order(`${this.api}/predict`, { [name]: sent }));
          const value = predictions[name] ?? null;
          // What was typed with a unit or in groups stands there as the number that it is.
          if (this.#typed(name) === typed) this.#stored(name, value, value !== null);
          else Object.assign(this.fields.get(name), { value, text: typed });
        } catch (error) {
          own = error.message.startsWith(`${name} = `) ? error.message.slice(name.length + 3) : '';
          if (!own) {
            alarm = error.message;
            continue;
          }
        } finally {
          this.#turn += 1;
        }
        write(said, own);
        field.classList.toggle('refused', Boolean(own));
      }
      this.#count(alarm && `not written down: ${alarm}`);
      return alarm;
    });
    return this.#saved;
  }
}
