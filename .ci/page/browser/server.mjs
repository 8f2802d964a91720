// A server of Weir in a folder of its own, as a user would start it.
//
// Responsible for: starting it, killing it, asking it, and putting load on it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const WEIR = process.env.WEIR ?? new URL('../../../target/debug/weir', import.meta.url).pathname;

export class Server {
  /**
   * @param {string[]} settings such as "consumers.concurrency=3"
   * @param {Record<string, string>} files texts by their paths in the folder
   */
  static async start(settings = [], files = {}) {
    const server = new Server();
    server.folder = await mkdtemp(join(tmpdir(), 'weir-page-'));
    server.args = settings.flatMap((setting) => ['--set', setting]);
    for (const [path, text] of Object.entries(files)) await server.write(path, text);
    await server.begin('127.0.0.1:0');
    return server;
  }

  /** Saves a file in the server's folder. */
  async write(path, text) {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** Starts the process, at an address. */
  async begin(address) {
    this.child = spawn(WEIR, ['--listen', address, ...this.args], { cwd: this.folder });
    this.errors = '';
    this.child.stderr.on('data', (data) => {
      this.errors += data;
    });
    for await (const line of createInterface({ input: this.child.stdout })) {
      const found = /http:\/\/([\d.:]+)/.exec(line);
      if (!found) continue;
      this.address = found[1];
      this.url = `http://${this.address}`;
      this.child.stdout.resume();
      return;
    }
    throw new Error(`the server did not start: ${this.errors}`);
  }

  /** Kills the process, as a crash would. */
  async kill() {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async end() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Starts it again at the same address. */
  async restart() {
    await this.begin(this.address);
  }

  /** Sends a request as a tool would: `fetch` says that it is a page, which then needs a token. */
  async ask(method, path, body = null) {
    const headers = body ? { 'content-type': 'application/json' } : {};
    const request = http.request(`${this.url}${path}`, { method, headers, agent: false, timeout: 10_000 });
    request.end(body ? JSON.stringify(body) : undefined);
    const [answer] = await once(request, 'response');
    let text = '';
    for await (const part of answer) text += part;
    return { status: answer.statusCode, text };
  }

  async get(path) {
    return JSON.parse((await this.ask('GET', path)).text);
  }

  async post(path, body = null) {
    return this.ask('POST', path, body);
  }

  async snapshot() {
    return this.get('/api/snapshot');
  }

  /** Has the server put a load on itself: "mode=pipelined&rate=30&duration=60s". */
  async load(query) {
    const { status, text } = await this.post(`/api/load/start?${query}`);
    if (status !== 202) throw new Error(text);
  }

  /** Runs a command of Weir in the server's folder. */
  async weir(...args) {
    const child = spawn(WEIR, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`weir ${args.join(' ')}: ${said}`);
    return said;
  }
}
