// Watchers of a match as raw sockets, for tests: server-sent events, read and counted.
//
// Responsible for: connecting them, and counting the events of each. It measures no times.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';

const SLOW = `
import socket, sys, time
host, port, user = sys.argv[1:]
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
s.connect((host, int(port)))
s.sendall(f"GET /api/matches/watch?match=weir-sluice&user={user} HTTP/1.1\\r\\nHost: {host}:{port}\\r\\n\\r\\n".encode())
time.sleep(600)
`;

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

  /** Joins a watcher that reads nothing. Its buffer is smaller than Node can make one. */
  joinSlow(address, user) {
    const [host, port] = address.split(':');
    this.slow = spawn('python3', ['-c', SLOW, host, port, user], { stdio: 'ignore' });
  }

  end() {
    this.slow?.kill();
    for (const { socket } of this.all) socket.destroy();
    this.all = [];
  }
}
