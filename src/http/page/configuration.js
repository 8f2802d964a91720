// @ts-check
// The configuration in force, as TOML with editable values. Edits are checked while they are typed, compared
// with the values in force, applied, and written back to the file.
//
// Responsible for: when to ask the server, and how to act on its answers. config-field.js is one key,
// config-bar.js is the bar with the buttons. banner.js reports a refused edit of the file.

import { ConfigBar } from './config-bar.js';
import { Field } from './config-field.js';
import { change } from './config-value.js';
import { isOff, whyOff } from './control.js';
import { element, find, findAs, write } from './dom.js';
import { format } from './format.js';
import { ask, messageOf, order } from './server.js';

/** @import { Checked, Editable, Made } from './config.d.ts' */
/** @import { Snapshot } from './snapshot.d.ts' */

const TYPED_MS = 200; // from the last key to the check
const CHECK_MS = 4000;
const REPORTED_MS = 8000;
// The first column has what workshops edit most.
const COLUMNS = [
  ['consumers', 'queue', 'resource'],
  ['async', 'server', 'data', 'jobs'],
];

export class Configuration {
  /** @type {Map<string, Field>} */
  #fields = new Map();
  #shown = '';
  #uptime = 0;
  #file = 'config.toml';
  #checks = 0; // the number of the newest check; answers to older checks are dropped
  #busy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  /** @type {ReturnType<typeof setTimeout> | null} runs while the outcome of an order is shown */
  #reporting = null;

  /** @param {HTMLElement} section */
  constructor(section) {
    this.form = findAs(HTMLFormElement, section, 'form');
    this.toml = find(section, '.toml');
    this.age = find(section, '.age');
    this.changes = find(section, '.changes');
    this.notes = find(section, '.notes');
    this.bar = new ConfigBar(find(section, '.edits'), {
      apply: (toFile) => this.#apply(toFile),
      discard: () => this.#discard(),
      keep: () =>
        this.#send(
          this.#unwritten.map(({ name, unwritten }) => ({ name, toml: unwritten ?? '' })),
          true,
        ),
      revert: () =>
        this.#send(
          this.#unwritten.map(({ name, inFile }) => ({ name, toml: inFile })),
          false,
        ),
    });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.bar.apply.hidden && !this.bar.apply.disabled) this.#apply(false);
    });
  }

  /** @param {Snapshot} snapshot */
  update({ config, uptime_s: now }) {
    write(this.age, format.uptime(now - config.changed_s));
    write(this.changes, config.changes.join('\n') || 'none since the start');
    write(this.notes, config.notes.join('\n') || 'none');
    this.notes.classList.toggle('alarm', config.notes.length > 0);
    if (now < this.#uptime) this.#shown = ''; // another server
    this.#uptime = now;
    const { generation, flags, not_in_file: unwritten, error, source } = config;
    const shown = JSON.stringify([generation, flags, unwritten, error, source, isOff()]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#read();
  }

  get #edited() {
    return [...this.#fields.values()].filter((field) => field.isEdited);
  }

  /** Fields whose value in force is not the file's, and may be written there. */
  get #unwritten() {
    return [...this.#fields.values()].filter((field) => field.unwritten !== null && !field.isByFlag);
  }

  /** Reads all keys from the server. */
  async #read() {
    /** @type {Editable} */
    let state;
    try {
      state = await ask('api/config', CHECK_MS);
    } catch (error) {
      this.#shown = ''; // with the next snapshot
      if (!this.#fields.size) this.bar.show(`The configuration cannot be read: ${messageOf(error)}`, { alarm: true });
      return;
    }
    if (!this.#fields.size) this.#build(state);
    for (const key of state.keys) this.#fields.get(key.name)?.update(key, isOff());
    this.#file = state.file ?? 'config.toml';
    this.bar.name(this.#file, state.exists);
    if (this.#reporting === null) this.#check();
  }

  /** @param {Editable} state */
  #build({ keys }) {
    for (const key of keys) this.#fields.set(key.name, new Field(key, () => this.#typed()));
    const sections = (/** @type {string[]} */ names) =>
      names.map((name) => {
        const fields = keys
          .filter((key) => key.name.startsWith(`${name}.`))
          .map(({ name: key }) => this.#fields.get(key));
        const nodes = fields.map((field) => field?.node ?? '');
        return element('fieldset', 'section', element('legend', 'head', `[${name}]`), ...nodes);
      });
    this.toml.replaceChildren(...COLUMNS.map((names) => element('div', 'column', ...sections(names))));
  }

  #typed() {
    this.#stopReport();
    this.#checks += 1; // answers still on their way are about an older text
    for (const field of this.#fields.values()) field.mark();
    if (this.#edited.length) this.bar.show('Checking…', { editing: true });
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#check(), TYPED_MS);
  }

  /** Shows what the edits would change, or what is wrong with them. */
  async #check() {
    const edited = this.#edited;
    for (const field of this.#fields.values()) if (!field.isEdited) field.fail('');
    if (edited.length === 0) return this.#rest();
    this.#checks += 1;
    const check = this.#checks;
    /** @type {Checked} */
    let checked;
    try {
      const toml = encodeURIComponent(change(edited));
      checked = await ask(`api/config/check?toml=${toml}`, CHECK_MS);
    } catch (error) {
      if (check === this.#checks) this.bar.show(`Not checked: ${messageOf(error)}`, { editing: true, alarm: true });
      return;
    }
    if (check !== this.#checks) return;
    const { changes, problems } = checked;
    for (const field of edited) field.fail('');
    for (const { line, message } of problems) edited[(line ?? 0) - 1]?.fail(message);
    const elsewhere = problems.filter(({ line }) => !edited[(line ?? 0) - 1]).map(({ message }) => message);
    if (problems.length) {
      const said = elsewhere[0] ?? `${counted(problems.length, 'problem')}: see the red lines`;
      this.bar.show(said, { editing: true, alarm: true });
    } else {
      const restart = changes.some((one) => one.restart);
      const said = changes.length ? counted(changes.length, 'change') : 'The same values as in force';
      this.bar.show(said, { changes, restart, editing: true, valid: changes.length > 0 });
    }
  }

  /**
   * Shows the values that are not in the file, while nothing is being edited.
   * @param {string} [outcome] of the last order
   */
  #rest(outcome = '') {
    if (isOff()) return this.bar.show(`Not editable. ${whyOff()}`);
    const unwritten = this.#unwritten;
    const changes = unwritten.map(({ name, inFile, unwritten: to }) => {
      return { key: name, from: inFile, to: to ?? '', restart: false };
    });
    const [it, are] = unwritten.length === 1 ? ['it', 'is'] : ['them', 'are'];
    const what = `${counted(unwritten.length, 'value')} ${are} in force, but not in ${this.#file}. `;
    const said = unwritten.length ? `${what}The next edit of the file reverts ${it}.` : '';
    this.bar.show(outcome || said, { changes, unwritten: unwritten.length > 0 });
  }

  #discard() {
    for (const field of this.#fields.values()) field.discard();
    this.#stopReport();
    this.#checks += 1;
    this.#rest();
  }

  /** @param {boolean} toFile */
  #apply(toFile) {
    return this.#send(this.#edited, toFile);
  }

  /**
   * @param {{ name: string, toml: string }[]} changes
   * @param {boolean} toFile whether they are written to the file, too
   */
  async #send(changes, toFile) {
    if (this.#busy) return;
    this.#busy = true;
    const sent = changes.map(({ name, toml }) => ({ name, toml }));
    clearTimeout(this.#typing);
    try {
      /** @type {Made} */
      const made = JSON.parse(await order('api/config', { toml: change(sent), write: toFile }));
      for (const { name, toml } of sent) {
        const field = this.#fields.get(name);
        if (field?.toml === toml) field.discard(); // keeps what was typed in the meantime
      }
      this.#report();
      await this.#read();
      const where = made.written ? `and written to ${made.written}` : `until the next edit of ${this.#file}`;
      if (this.#edited.length) this.#check();
      else this.#rest(`✓ In force ${where}`);
    } catch (error) {
      this.#report();
      const editing = this.#edited.length > 0;
      this.bar.show(`Not changed: ${messageOf(error)}`, { editing, valid: editing, alarm: true });
    } finally {
      this.#busy = false;
    }
  }

  /** Shows the outcome of an order for a while. */
  #report() {
    this.#stopReport();
    this.#reporting = setTimeout(() => {
      this.#reporting = null;
      this.#check();
    }, REPORTED_MS);
  }

  #stopReport() {
    clearTimeout(this.#reporting ?? undefined);
    this.#reporting = null;
  }
}

/**
 * @param {number} count
 * @param {string} noun
 */
function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
