// @ts-check
// Requests to the server: reading its state, and having it do something.
//
// Responsible for: the time limits, the control token, and errors whose message a person can read. The
// caller decides where the message is shown.

import { credentials, renew } from './control.js';

const ASK_MS = 15000;
const ORDER_MS = 4000;
const LONGEST = 400; // characters of an answer's first line that are shown

/**
 * Returns the JSON that a GET answers.
 * @param {string} path
 * @param {number} [limit] milliseconds
 * @returns {Promise<any>}
 * @throws {ServerError}
 */
export async function ask(path, limit = ASK_MS) {
  return JSON.parse(await request(path, { cache: 'no-store' }, limit));
}

/**
 * Has the server do something, and returns the text of its answer.
 * @param {string} path
 * @param {Record<string, any>} [fields] parameters of the query
 * @param {number} [limit] milliseconds
 * @returns {Promise<string>}
 * @throws {ServerError}
 */
export async function order(path, fields = {}, limit = ORDER_MS) {
  const query = new URLSearchParams(fields).toString();
  return carry(query ? `${path}?${query}` : path, { method: 'POST' }, limit);
}

/**
 * Sends a JSON object, and returns the JSON of the answer, or null if that is empty.
 * @param {string} path
 * @param {object | null} body null sends none
 * @param {{ method?: 'POST' | 'DELETE', limit?: number }} [how] the limit is in milliseconds
 * @returns {Promise<any>}
 * @throws {ServerError}
 */
export async function tell(path, body, { method = 'POST', limit = ORDER_MS } = {}) {
  const written = body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const text = await carry(path, { method, ...written }, limit);
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null;
}

/**
 * Sends a request that changes something.
 * @param {string} path
 * @param {{ method: string, body?: string, headers?: Record<string, string> }} options
 * @param {number} limit
 */
async function carry(path, options, limit) {
  const send = () => request(path, { ...options, headers: { ...options.headers, ...credentials() } }, limit);
  try {
    return await send();
  } catch (error) {
    // A restarted server has another token, and its page carries it.
    if (statusOf(error) !== 403 || !(await renew())) throw error;
    return send();
  }
}

/** Why a request failed: `status` is the answer's, and null if there was none. */
class ServerError extends Error {
  /**
   * @param {string} message
   * @param {number | null} [status]
   * @param {string} [code] the word of the answer, such as "taken"
   */
  constructor(message, status = null, code = '') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * The status of a failed request, or null.
 * @param {unknown} error
 */
export function statusOf(error) {
  return error instanceof ServerError ? error.status : null;
}

/**
 * The word with which the server refused a request, such as "taken"; empty if it gave none.
 * @param {unknown} error
 */
export function codeOf(error) {
  return error instanceof ServerError ? error.code : '';
}

/**
 * Why something failed, in words.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The text of an answer.
 * @param {string} path
 * @param {RequestInit} options
 * @param {number} limit milliseconds
 */
async function request(path, options, limit) {
  let answer;
  let text;
  try {
    answer = await fetch(path, { ...options, signal: AbortSignal.timeout(limit) });
    text = await answer.text();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'TimeoutError')) throw new ServerError('no connection');
    const late = options.method ? '; it may take effect all the same' : '';
    throw new ServerError(`no answer within ${limit / 1000} s${late}`);
  }
  if (answer.ok) return text;
  const { error, message: said } = refusalOf(text);
  if (said) throw new ServerError(said, answer.status, error);
  // The server's refusals are one line. Anything longer is not meant for a person.
  const [line] = text.split('\n');
  const message = line.length > 0 && line.length < LONGEST ? line : `the server answered ${answer.status}`;
  throw new ServerError(message, answer.status);
}

/**
 * A refusal as JSON: its word, and its sentence.
 * @param {string} text
 * @returns {{ error?: string, message?: string }}
 */
function refusalOf(text) {
  try {
    return text.startsWith('{') ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}
