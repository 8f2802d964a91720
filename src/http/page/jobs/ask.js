// @ts-check
// The participant's own jobs: the field for a number, and the outcome of each number.
//
// Responsible for: sending what was typed as it was typed (the server validates it), and the list of answers.

import { credentials, whyOff } from '../control.js';
import { element, find, findAll, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { inputText } from './words.js';

/** @import { LabSocket } from '../labs/socket.js' */
/** @import { Answer } from './types.d.ts' */

const SHOWN = 6; // the newest, and every job that still runs
const MOST = 9;
const DEEP = 6; // functions of a stack that are named
const LIMIT_MS = 4000;

/** One number that was sent. */
class Sent {
  /** @type {Answer | null} */
  answer = null;
  at = performance.now();
  problem = '';
  input = element('span', 'in mono');
  out = element('span', 'out');
  took = element('span', 'took');
  more = element('span', 'more');
  node = element('li', '', this.input, this.out, this.took, this.more);

  /**
   * @param {number} ref
   * @param {string} text
   */
  constructor(ref, text) {
    this.ref = ref;
    this.out.setAttribute('aria-live', 'polite'); // and not the time, which counts up
    write(this.input, text.trim() === '' ? '(nothing)' : inputText(text));
    this.input.title = text;
    this.show();
  }

  get isOpen() {
    return !this.problem && (this.answer === null || this.answer.state === 'running');
  }

  show() {
    const { answer, problem } = this;
    const state = problem ? 'lost' : (answer?.state ?? 'sent');
    if (this.node.dataset.state !== state) this.node.dataset.state = state;
    if (this.isOpen) {
      write(this.out, answer ? 'running' : 'sent');
      write(this.took, format.age(performance.now() - this.at));
      return;
    }
    const [out, more] = problem ? [problem, ''] : outcome(/** @type {Answer} */ (answer));
    write(this.out, out);
    write(this.more, more);
    write(this.took, answer?.took_ms == null ? '' : time(answer.took_ms));
  }
}

/** @param {number} ms */
function time(ms) {
  return ms >= 1000 ? format.age(ms) : format.ms(ms);
}

/**
 * How a job ended, and the line below it.
 * @param {Answer} answer
 * @returns {[string, string]}
 */
function outcome({ state, result, why, stack, told_ms: told }) {
  if (state === 'done') return [`= ${inputText(result ?? '')}`, ''];
  const place = stack.length > 0 ? `in ${stack.slice(0, DEEP).join(' ← ')}${stack.length > DEEP ? ' ← …' : ''}` : '';
  // The reason names the place as well, which has a line of its own.
  const reason = stack.length > 0 ? (why ?? '').replace(/ in .*$/s, '') : (why ?? '');
  if (state === 'failed') return [`✗ ${reason || 'failed'}`, place];
  if (state === 'killed') {
    const words = reason === 'killed' || reason === '' ? 'killed by an operator' : reason;
    const when = told === null ? '' : `answered after ${format.ms(told)}`;
    return [`■ ${words}`, [place, when, 'your connection is open'].filter(Boolean).join('; ')];
  }
  if (state === 'invalid') {
    const found = (why ?? '').replace(/^invalid input:? */, '');
    return ['invalid input', [found, 'no job was started'].filter(Boolean).join('; ')];
  }
  return [`refused: ${why ?? 'no reason given'}`, 'no job was started'];
}

export class Ask {
  /** The newest first. @type {Sent[]} */
  #sent = [];
  #ref = 0;
  #field = findAs(HTMLInputElement, document, '#n');
  #list = find(document, '#answers');

  /** @param {() => LabSocket} socket */
  constructor(socket) {
    this.socket = socket;
    find(document, '#ask').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit(this.#field.value);
      this.#field.select();
    });
    for (const button of findAll(find(document, '#try'), 'button')) {
      button.addEventListener('click', () => {
        this.#field.value = /** @type {HTMLButtonElement} */ (button).value;
        this.#submit(this.#field.value);
      });
    }
  }

  focus() {
    this.#field.focus();
    this.#field.select();
  }

  /** Whether this page has submitted a job. @param {number} id */
  has(id) {
    return this.#sent.some(({ answer }) => answer?.id === id);
  }

  /** @param {Answer} answer */
  take(answer) {
    const sent = this.#sent.find(({ ref }) => ref === answer.ref);
    if (!sent) return;
    sent.answer = answer;
    sent.problem = '';
    sent.show();
  }

  /** Updates the times of jobs that still run. */
  tick() {
    for (const sent of this.#sent) {
      if (!sent.isOpen) continue;
      const isLate = sent.answer === null && performance.now() - sent.at > LIMIT_MS;
      if (isLate) sent.problem = `no answer within ${LIMIT_MS / 1000} s; it may run all the same`;
      sent.show();
    }
  }

  /** The connection is lost, and with it the answers still due. */
  lose() {
    for (const sent of this.#sent) {
      if (!sent.isOpen) continue;
      sent.problem = sent.answer ? 'the connection broke: its answer cannot arrive' : 'the connection broke';
      sent.show();
    }
  }

  /** @param {string} text */
  #submit(text) {
    this.#ref += 1;
    const sent = new Sent(this.#ref, text);
    const token = credentials()['Weir-Token'];
    const off = whyOff();
    if (off) sent.problem = `not sent: ${off}`;
    else if (!this.socket().send({ submit: text, ref: this.#ref, token })) sent.problem = 'not sent: no connection';
    sent.show();
    this.#sent.unshift(sent);
    this.#sent = this.#sent.filter((one, index) => index < SHOWN || one.isOpen);
    this.#list.replaceChildren(...this.#sent.slice(0, MOST).map(({ node }) => node));
  }
}
