// Asking the server, and having it do something.
//
// Responsible for: requests, and what is said when they go wrong. Whoever asks decides where it is said.

import { credentials, renew } from './control.js';

/** What a GET answers, from JSON. Throws an error whose message is for people. */
export async function ask(path) {
  return (await request(path, { cache: 'no-store' })).json();
}

/** Has the server do something. Throws an error whose message is for people. */
export async function order(path, fields = {}) {
  const query = new URLSearchParams(fields).toString();
  const url = query ? `${path}?${query}` : path;
  const send = () => request(url, { method: 'POST', headers: credentials() });
  try {
    return (await send()).text();
  } catch (error) {
    // A server that was started anew has another token, and its page knows it.
    if (error.status !== 403 || !(await renew())) throw error;
    return (await send()).text();
  }
}

/** Why something was not done: `status` is the answer's, and null where there was none. */
class Refused extends Error {
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

async function request(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused('no connection');
  }
  if (answer.ok) return answer;
  // One line of text says what is wrong; anything longer was not written for this place.
  const [line] = (await answer.text().catch(() => '')).split('\n');
  throw new Refused(line.length > 0 && line.length < 400 ? line : `the server said ${answer.status}`, answer.status);
}
