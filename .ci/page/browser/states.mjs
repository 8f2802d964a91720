// Benches in each state that the verdict knows: the settings, the load, and what is done to them.
//
// Responsible for: the states and which part is to blame. Used by the tests and by the pictures.

/**
 * @typedef {object} State
 * @property {string} word what the verdict says
 * @property {string | null} blame the part whose walls are coloured
 * @property {string[]} settings
 * @property {string} [load] a query of /api/load/start
 * @property {(server: import('./server.mjs').Server) => Promise<void>} [act] once the load runs
 */

const HALF_A_SECOND = 'resource.latency.mean=500ms';
const ten = ['consumers.concurrency=10', HALF_A_SECOND];
const open = (rate, mode = 'pipelined') => `mode=${mode}&rate=${rate}&duration=90s`;

/** @type {Record<string, State>} */
export const STATES = {
  idle: { word: 'IDLE', blame: null, settings: ten },
  starved: { word: 'STARVED', blame: null, settings: ten, load: open(3) },
  balanced: { word: 'BALANCED', blame: null, settings: ten, load: open(16) },
  overloaded: { word: 'OVERLOADED', blame: 'consumers', settings: ten, load: open(30) },
  limited: {
    word: 'OVERLOADED',
    blame: 'resource',
    settings: [...ten, 'resource.max_concurrent=4'],
    load: open(14),
  },
  draining: { word: 'DRAINING', blame: null, settings: ten, load: 'mode=pipelined&clients=50&requests=300' },
  rejecting: { word: 'FULL', blame: 'basin', settings: [...ten, 'queue.capacity=60'], load: open(40) },
  waiting: {
    word: 'FULL',
    blame: 'basin',
    settings: [...ten, 'queue.capacity=60', 'queue.when_full=wait', 'queue.wait_timeout=10s'],
    load: open(40),
  },
  dropping_newest: {
    word: 'FULL',
    blame: 'basin',
    settings: [...ten, 'queue.capacity=60', 'queue.when_full=drop_newest'],
    load: open(40),
  },
  dropping_oldest: {
    word: 'FULL',
    blame: 'basin',
    settings: [...ten, 'queue.capacity=60', 'queue.when_full=drop_oldest'],
    load: open(40),
  },
  frozen: {
    word: 'FROZEN',
    blame: 'resource',
    settings: [...ten, 'resource.freeze_every=12s', 'resource.freeze_for=10s'],
    load: open(16),
  },
  paused: {
    word: 'PAUSED',
    blame: 'gate',
    settings: ten,
    load: open(16),
    act: async (server) => {
      await server.post('/api/pause');
    },
  },
  no_consumers: { word: 'NO CONSUMERS', blame: 'consumers', settings: ['consumers.concurrency=0'], load: open(6) },
  unprotected: { word: 'UNPROTECTED', blame: 'resource', settings: [HALF_A_SECOND], load: open(500, 'async') },
  held_back: { word: 'HELD BACK', blame: null, settings: ten, load: 'mode=serial&clients=50&duration=60s' },
  at_work: { word: 'AT WORK', blame: null, settings: ten, load: open(20, 'async') },
  thousand: {
    word: 'OVERLOADED',
    blame: 'consumers',
    settings: ['consumers.concurrency=1000', 'resource.latency.mean=2s', 'resource.latency.distribution=exponential'],
    load: open(700),
  },
};

/** Puts the load on a server that was started with the state's settings. */
export async function enter(server, { load, act }) {
  if (load) await server.load(load);
  await act?.(server);
}
