// The controls of the load and of the consumers' concurrency.
//
// Responsible for: what is asked of the server, and what is said of how it goes. The server makes the
// load and refuses what makes no sense, in words; nothing is checked twice here.

import { format, write } from './panels.js';
import { ask, order } from './server.js';

const LOOK_MS = 500;
const REMEMBER_MS = 1500; // for so long a snapshot may still have the concurrency from before
const FORGET_MS = 8000;

export class Load {
  #running = false;
  #live = false;
  #timer = null;
  #waiting = false; // for the answer to Start or Stop

  /** `ended` is told when a load has ended, `visit` when somebody wants to see its run. */
  constructor(form, { ended, visit }) {
    Object.assign(this, { form, ended, visit });
    this.fields = form.querySelector('fieldset');
    this.button = form.querySelector('.go');
    this.said = form.querySelector('.said');
    this.words = this.said.querySelector('span');
    form.addEventListener('change', () => this.#offer());
    form.addEventListener('input', () => this.said.classList.contains('alarm') && this.#say(''));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#running) this.#stop();
      else this.#start();
    });
    this.#offer();
  }

  /** Whether there is a server. When it comes back, a load may be running: somebody else can start one. */
  set live(live) {
    if (live === this.#live) return;
    this.#live = live;
    this.#offer();
    if (live) this.#look();
  }

  /** Shows the fields that this kind of load has, and what the button would do. */
  #offer() {
    const { model, arrivals } = this.form.elements;
    for (const part of this.form.querySelectorAll('[data-model]')) part.hidden = part.dataset.model !== model.value;
    this.form.querySelector('[data-burst]').hidden = arrivals.value !== 'burst';
    this.fields.disabled = this.#running;
    write(this.button, this.#running ? 'Stop' : 'Start');
    this.button.classList.toggle('stop', this.#running);
    this.button.disabled = !this.#live || this.#waiting;
  }

  #asked() {
    const { mode, model, clients, amount, unit, rate, seconds, arrivals, burst, seed } = this.form.elements;
    const duration = (text) => (/^[\d.]+$/.test(text.trim()) ? `${text.trim()}s` : text.trim());
    if (model.value === 'closed') {
      const until =
        unit.value === 'requests' ? { requests: amount.value.trim() } : { duration: duration(amount.value) };
      return { mode: mode.value, clients: clients.value.trim(), ...until };
    }
    const how = arrivals.value === 'burst' ? `burst:${burst.value.trim()}` : arrivals.value;
    return {
      mode: mode.value,
      rate: rate.value.trim(),
      duration: duration(seconds.value),
      arrivals: how,
      seed: seed.value.trim(),
    };
  }

  async #start() {
    await this.#send(() => order('api/load/start', this.#asked()), 'starting …');
  }

  async #stop() {
    await this.#send(() => order('api/load/stop'), 'stopping …');
  }

  async #send(work, words) {
    this.#waiting = true;
    this.#offer();
    this.#say(words);
    try {
      await work();
      this.#waiting = false;
      await this.#look();
    } catch (error) {
      this.#waiting = false;
      this.#say(error.message, 'alarm');
      this.#offer();
    }
  }

  /** Looks how the load goes, and again as long as one is running. */
  async #look() {
    clearTimeout(this.#timer);
    let state;
    try {
      state = await ask('api/load');
    } catch {
      return this.#offer(); // the page says that the server is gone, and looks again when it is back
    }
    const ended = this.#running && !state.running;
    this.#running = state.running;
    this.#offer();
    if (state.running) {
      this.#progress(state);
      this.#timer = setTimeout(() => this.#look(), LOOK_MS);
    } else if (state.last) this.#result(state.last);
    else if (ended) this.#say('ended');
    if (ended) this.ended(state.last?.run ?? null);
  }

  #progress({ plan, stage, progress, held, mode }) {
    if (stage === 'draining') {
      return this.#say(`sent; ${format.count(held)} ${held === 1 ? 'event' : 'events'} still in the bench`, 'goes');
    }
    const { seconds, answered, refused, failed, aborted, in_flight: inFlight, rate, p99_ms: p99 } = progress ?? {};
    const bad = [
      ['refused', refused],
      ['failed', failed],
      ['aborted', aborted],
    ].filter(([, count]) => count > 0);
    const parts = [
      `${format.seconds(seconds)}: ${format.count(answered)} answered`,
      ...bad.map(([name, count]) => `${format.count(count)} ${name}`),
      `${format.count(inFlight)} in flight`,
      format.perSecond(rate),
      `p99 ${format.ms(p99)}`,
    ];
    this.#say(progress ? parts.join(', ') : 'begins', 'goes', `${mode}, ${plan}`);
  }

  #result({ run, verdict, error }) {
    if (error) return this.#say(error, 'alarm');
    if (!run) return this.#say('ended, and no run was kept');
    const link = document.createElement('a');
    link.href = '#runs';
    link.textContent = 'see its run';
    link.addEventListener('click', () => this.visit(run));
    if (verdict === 'invalid') this.#say(['The last load is over, and its run is INVALID: ', link], 'bad');
    else if (verdict === 'disturbed') this.#say(['The last load is over, and its run is disturbed: ', link]);
    else this.#say(['The last load is over: ', link]);
  }

  #say(text, kind = '', about = '') {
    this.said.className = `said ${kind}`;
    this.words.replaceChildren(...[text].flat());
    this.words.detail = () => [about, this.words.textContent].filter(Boolean).join(': ');
  }
}

/** The stepper of the consumers' concurrency. What is in force, the snapshots say. */
export class Concurrency {
  #inForce = null;
  #wanted = null; // until a snapshot has it
  #sent = null;
  #since = 0;
  #edited = false;
  #forgetting = null;

  constructor(node) {
    this.input = node.querySelector('input');
    this.said = node.querySelector('.said');
    this.input.addEventListener('input', () => {
      this.#edited = true;
    });
    this.input.addEventListener('change', () => this.#want(this.input.value));
    this.input.addEventListener('blur', () => this.#show());
    for (const button of node.querySelectorAll('button')) {
      const step = Number(button.dataset.step);
      button.addEventListener('click', () => this.#want(Math.max(0, Number(this.#wanted ?? this.#inForce) + step)));
    }
  }

  update({ consumers }) {
    this.#inForce = consumers?.concurrency ?? null;
    const late = performance.now() - this.#since > REMEMBER_MS;
    if (this.#sent === null && (late || Number(this.#wanted) === this.#inForce)) this.#wanted = null;
    this.#show();
  }

  #show() {
    if (this.#edited && document.activeElement === this.input) return;
    this.#edited = false;
    const value = String(this.#wanted ?? this.#inForce ?? '');
    if (this.input.value !== value) this.input.value = value;
  }

  /** Several clicks in a row are one wish: what is wanted last is sent when the answer is there. */
  async #want(value) {
    this.#edited = false;
    this.#wanted = String(value).trim();
    this.#show();
    if (this.#sent !== null) return;
    while (this.#wanted !== null && this.#wanted !== this.#sent) {
      this.#sent = this.#wanted;
      try {
        await order('api/concurrency', { value: this.#sent });
        this.#say('');
      } catch (error) {
        if (this.#wanted === this.#sent) this.#wanted = null;
        this.#say(`Not changed: ${error.message}`);
      }
    }
    this.#sent = null;
    this.#since = performance.now();
    this.#show();
  }

  #say(text) {
    write(this.said, text);
    clearTimeout(this.#forgetting);
    if (text) this.#forgetting = setTimeout(() => this.#say(''), FORGET_MS);
  }
}
