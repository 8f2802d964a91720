// A server that speaks like the matches lab and has no watcher: for states that a real one takes minutes to reach.
//   node browser/matches-fake.mjs [STATE] [PORT]
//
// Responsible for: the routes. matches-sim.mjs has the figures, fake.mjs what all fakes share.

import { Fake, byHand } from './fake.mjs';
import { MatchesSim } from './matches-sim.mjs';

const ROOT = '/api/matches/weir-sluice';

export class FakeMatches extends Fake {
  /** Why a goal is refused; empty if it is not. */
  refuses = '';

  static async start(state = 'delivered', port = 0) {
    const fake = new FakeMatches('matches', 250);
    fake.sim = new MatchesSim(state);
    return fake.listen(port);
  }

  takes({ pathname }) {
    return pathname === `${ROOT}/socket`;
  }

  record(_, points) {
    return { match: this.sim.snapshot(points) };
  }

  answer(method, url, send) {
    if (method === 'POST') return this.#order(url, send);
    if (url.pathname === '/api/matches') send(200, this.#list());
    else if (url.pathname === ROOT) send(200, this.sim.snapshot());
    else return false;
    return true;
  }

  #list() {
    const { match, now } = this.sim.snapshot();
    const own = { ...match, watchers: now.watchers };
    const other = { ...own, id: 'sluice-lockgate', home: 'Sluice', away: 'Lockgate', score: [0, 0], minute: 0, period: 'not begun', watchers: 0, visits: 0, playing: false };
    return { matches: [own, other] };
  }

  #order({ pathname, searchParams: query }, send) {
    const { sim } = this;
    const isPlayed = ['first half', 'second half'].includes(sim.period);
    const orders = {
      [`${ROOT}/play`]: () => {
        sim.rate = Number(query.get('rate') ?? sim.rate);
        sim.playing = true;
        if (sim.period === 'over') this.sim = new MatchesSim('not-begun');
      },
      [`${ROOT}/pause`]: () => {
        sim.playing = false;
      },
      [`${ROOT}/stop`]: () => {
        sim.playing = false;
        sim.period = 'over';
        sim.publish('stop', 'the match is over');
      },
      [`${ROOT}/again`]: () => {
        this.sim = new MatchesSim('not-begun');
      },
      [`${ROOT}/event`]: () => {
        if (!isPlayed) return send(409, 'a goal needs a half that is played\n') ?? true;
        if (this.refuses) return send(409, `${this.refuses}\n`) ?? true;
        sim.goal(query.get('side'));
      },
      [`${ROOT}/crash`]: () => sim.mark('crash', `${query.get('part')} crashed`),
      '/api/matches': () => {},
      '/api/matches/reset': () => {
        this.sim = new MatchesSim('idle');
      },
      '/api/config': () => sim.configure(query.get('toml') ?? ''),
    };
    const act = orders[pathname];
    if (!act) return false;
    if (act() === true) return true;
    send(200, {});
    this.broadcast();
    return true;
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) await byHand(FakeMatches, 4331);
