// Asking the server, and having it do something.
//
// Responsible for: requests, and what is said when they go wrong. Whoever asks decides where it is said.

import { credentials, renew } from './control.js';

const ASK_MS = 15000;
const ORDER_MS = 4000;

/** What a GET answers, from JSON. Throws an error whose message is for people. */
export async function ask(path) {
  return JSON.parse(await request(path, { cache: 'no-store' }, ASK_MS));
}

/** Has the server do something. Throws an error whose message is for people. */
export async function order(path, fields = {}) {
  const query = new URLSearchParams(fields).toString();
  const url = query ? `${path}?${query}` : path;
  const send = () => request(url, { method: 'POST', headers: credentials() }, ORDER_MS);
  try {
    return await send();
  } catch (error) {
    // A server that was started anew has another token, and its page knows it.
    if (error.status !== 403 || !(await renew())) throw error;
    return send();
  }
}

/** Why something was not done: `status` is the answer's, and null where there was none. */
class Refused extends Error {
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

/** The text of an answer, or why there is none by the time limit. */
async function request(path, options, limit) {
  let answer;
  let text;
  try {
    answer = await fetch(path, { ...options, signal: AbortSignal.timeout(limit) });
    text = await answer.text();
  } catch (error) {
    if (error.name !== 'TimeoutError') throw new Refused('no connection');
    const late = options.method === 'POST' ? '; it may take effect all the same' : '';
    throw new Refused(`no answer within ${limit / 1000} s${late}`);
  }
  if (answer.ok) return text;
  // One line of text says what is wrong; anything longer was not written for this place.
  const [line] = text.split('\n');
  throw new Refused(line.length > 0 && line.length < 400 ? line : `the server said ${answer.status}`, answer.status);
}
