// Watchers of a match as raw sockets, for tests: server-sent events, read and counted.
//
// Responsible for: connecting them, and counting the events of each. It measures no times.

import { once } from 'node:events';
import net from 'node:net';

export class Watchers {
  /** @type {{ socket: net.Socket, events: number, snapshots: number, gaps: number, ended: boolean }[]} */
  all = [];

  /**
   * Connects watchers. The names of their users are w0, w1, …
   * @param {string} address
   * @param {number} count
   * @param {string} [match]
   */
  async join(address, count, match = 'weir-sluice') {
    const [host, port] = address.split(':');
    const first = this.all.length;
    for (let number = first; number < first + count; number += 1) {
      const socket = net.connect(Number(port), host);
      const one = { socket, events: 0, snapshots: 0, gaps: 0, ended: false };
      this.all.push(one);
      socket.on('error', () => {});
      socket.on('close', () => (one.ended = true));
      socket.on('data', (data) => {
        const text = data.toString('latin1');
        one.events += text.split('\nevent: event').length - 1;
        one.snapshots += text.split('event: snapshot').length - 1;
        one.gaps += text.split('event: gap').length - 1;
      });
      await once(socket, 'connect');
      socket.write(`GET /api/matches/watch?match=${match}&user=w${number} HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
    }
  }

  get open() {
    return this.all.filter(({ ended }) => !ended).length;
  }

  get events() {
    return this.all.reduce((sum, one) => sum + one.events, 0);
  }

  get snapshots() {
    return this.all.reduce((sum, one) => sum + one.snapshots, 0);
  }

  /** Has a watcher read nothing more. */
  stall(number) {
    this.all[number].socket.pause();
  }

  end() {
    for (const { socket } of this.all) socket.destroy();
    this.all = [];
  }
}
