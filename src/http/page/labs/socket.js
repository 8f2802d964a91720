// @ts-check
// The one WebSocket of a lab's page: records and answers in, submissions out.
//
// Responsible for: reconnecting when the connection breaks or falls silent, and knowing how long it has been open. The
// lab interprets the records.

const SILENT_MS = 4000; // records come ten times a second; a connection without them is dead
const FIRST_MS = 400;
const LONGEST_MS = 5000;

/** @typedef {'connecting' | 'live' | 'lost'} LinkState */

/**
 * @typedef {object} Listener
 * @property {(message: any) => void} message one JSON object of the server's
 * @property {(state: LinkState, times: number) => void} state how often it has been opened, too
 */

export class LabSocket {
  /** @type {WebSocket | null} */
  #socket = null;
  #wait = FIRST_MS;
  #opened = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  /** When the present connection was opened. */
  since = 0;
  #isEnded = false;

  /**
   * @param {string} path
   * @param {Listener} listener
   */
  constructor(path, listener) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.url = url.href;
    this.listener = listener;
    this.#connect();
    // The browser knows before a timer does.
    addEventListener('online', () => this.#socket ?? this.#connect());
  }

  /**
   * Sends a JSON object. Returns whether there was a connection to send it over.
   * @param {object} message
   */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Closes the connection for good. */
  end() {
    this.#isEnded = true;
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onclose = socket.onmessage = null;
    // A connection that is closed while it is being made is an error on the console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }

  #connect() {
    if (this.#isEnded) return;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#expect();
    socket.onopen = () => {
      this.#wait = FIRST_MS;
      this.#opened += 1;
      this.since = performance.now();
      this.listener.state('live', this.#opened);
    };
    socket.onmessage = ({ data }) => {
      this.#expect();
      this.listener.message(JSON.parse(data));
    };
    socket.onclose = () => this.#lose(socket);
  }

  /** Gives up the connection if the next record does not arrive in time. */
  #expect() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(() => socket && this.#lose(socket), SILENT_MS);
  }

  /** @param {WebSocket} socket */
  #lose(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#silence);
    this.#socket = null;
    socket.onclose = socket.onmessage = null;
    socket.close();
    this.listener.state('lost', this.#opened);
    // Not all pages at the same moment.
    setTimeout(() => this.#socket ?? this.#connect(), this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(LONGEST_MS, this.#wait * 2);
  }
}
