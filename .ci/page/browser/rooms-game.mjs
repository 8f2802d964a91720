// A room of the rooms lab as far as its page can see it: a small Werewolf, numbered updates, and what a kill takes.
//
// Responsible for: the rules in rough, positions, the thread and the log. rooms-sim.mjs has the house.

const LEAST = 4;
const SHOWN = 16;

export class GameRoom {
  generation = 1;
  life = 1;
  n = 0;
  /** Updates that the backup has. */
  backed = 0;
  day = 0;
  phase = 'lobby';
  /** @type {{ name: string, alive: boolean, role: string, voted: string | null, chose: string | null }[]} */
  players = [];
  winner = null;
  /** All updates, oldest first: position, words, who may read them, and whether a kill took them. */
  past = [];
  kill = null;
  killedAt = -Infinity;
  lost = 0;
  restarts = { room: 0, backup: 0, history: 0 };
  rate = 0;

  constructor(name) {
    this.name = name;
  }

  /** An update, acknowledged at once. Only werewolves read its whisper. */
  add(text, whisper = null) {
    this.n += 1;
    this.past.push({ life: this.life, n: this.n, text, whisper, lost: false });
  }

  get living() {
    return this.players.filter(({ alive }) => alive);
  }

  /** Makes a move. Returns why it is refused, or nothing. */
  move({ move, player, target, text }) {
    const own = this.players.find(({ name }) => name === player);
    if (move === 'join') {
      if (own) return null;
      if (this.phase !== 'lobby') return 'the game has begun';
      if (!/^[\w-]{1,20}$/.test(player)) return `“${player}” is no name: 1 to 20 letters, digits, - or _`;
      this.players.push({ name: player, alive: true, role: 'villager', voted: null, chose: null });
      this.add(`${player} joined`);
      return null;
    }
    if (!own) return `${player} is not in this room`;
    if (move === 'leave') {
      if (this.phase !== 'lobby') return 'the game has begun';
      this.players = this.players.filter((one) => one !== own);
      this.add(`${player} left`);
      return null;
    }
    if (move === 'start') {
      if (this.players.length < LEAST) return `${this.players.length} of at least ${LEAST} players are here`;
      for (const one of this.players) Object.assign(one, { alive: true, role: 'villager' });
      this.winner = null;
      for (let wolf = 0; wolf < Math.max(1, Math.floor(this.players.length / 4)); wolf += 1) this.players[wolf].role = 'werewolf';
      this.add('the game has begun');
      this.#night();
      return null;
    }
    if (!own.alive) return `${player} is out`;
    if (move === 'say') {
      if (this.phase === 'night' && own.role !== 'werewolf') return `${player} sleeps: only werewolves act at night`;
      if (this.phase === 'night') this.add('a werewolf whispered', `${player}: ${text}`);
      else this.add(`${player}: ${text}`);
      return null;
    }
    if (move === 'choose') {
      if (this.phase !== 'night' || own.role !== 'werewolf') return 'only a werewolf chooses, at night';
      own.chose = target;
      this.add('a werewolf chose', `${player} chose ${target}`);
      if (this.living.every(({ role, chose }) => role !== 'werewolf' || chose)) this.#dawn();
      return null;
    }
    if (move === 'vote') {
      if (this.phase !== 'day') return 'votes are cast by day';
      own.voted = target;
      this.add(`${player} votes against ${target}`);
      if (this.living.every(({ voted }) => voted)) this.#dusk();
      return null;
    }
    if (move === 'end_phase') {
      if (this.phase === 'night') this.#dawn();
      else this.#dusk();
      return null;
    }
    return `no such move: ${move}`;
  }

  #night() {
    this.phase = 'night';
    this.day += 1;
    for (const player of this.players) player.chose = player.voted = null;
    this.add('night falls');
  }

  #dawn() {
    const chosen = this.living.find(({ chose }) => chose)?.chose;
    this.#out(chosen, 'is out');
    if (this.phase === 'over') return;
    this.phase = 'day';
    this.add('day breaks');
  }

  #dusk() {
    const votes = this.living.flatMap(({ voted }) => (voted ? [voted] : []));
    this.#out(votes.sort((a, b) => votes.filter((one) => one === b).length - votes.filter((one) => one === a).length)[0], 'was voted out');
    if (this.phase !== 'over') this.#night();
  }

  #out(name, words) {
    const player = this.players.find((one) => one.name === name);
    if (player) {
      player.alive = false;
      this.add(`${name} ${words}`);
    }
    const wolves = this.living.filter(({ role }) => role === 'werewolf').length;
    if (wolves > 0 && wolves < this.living.length - wolves) return;
    this.phase = 'over';
    this.winner = wolves === 0 ? 'village' : 'werewolves';
    this.add(`the ${this.winner} ${wolves === 0 ? 'has' : 'have'} won`);
  }

  /**
   * Kills a part. `backed` is the last update that the backup has; null if there is none.
   * @returns {{ life: number, n: number, lost: number, from: number | null, to: number | null, down_ms: number }}
   */
  strike(what, now, backed) {
    const acked = this.n;
    this.killedAt = now;
    this.restarts[what === 'both' ? 'room' : what] += 1;
    let lost = null;
    if (what === 'room' || what === 'both') {
      const kept = what === 'both' ? 0 : (backed ?? 0);
      this.life += 1;
      if (kept < acked) {
        lost = [kept + 1, acked];
        for (const one of this.past) if (one.n > kept && one.life < this.life) one.lost = true;
        this.lost += acked - kept;
        this.n = kept;
        if (kept === 0) Object.assign(this, { players: [], phase: 'lobby', day: 0, winner: null });
      }
    }
    this.kill = { what, by_hand: true, at: now, acked, backed, lost, lost_updates: lost ? acked - lost[0] + 1 : 0, down_ms: 0.8, life: this.life };
    return { life: this.life, n: this.n, acked, backed, lost: lost ? acked - lost[0] + 1 : 0, from: lost?.[0] ?? null, to: lost?.[1] ?? null, down_ms: 0.8 };
  }

  line(now) {
    const { name, phase, day, life, n, lost } = this;
    const ago = now - this.killedAt;
    return { name, phase, day, alive: this.living.length, players: this.players.length, life, n, state: this.rate === 0 && n === 0 ? 'idle' : 'up', lost, killed_ms: Number.isFinite(ago) ? ago : null };
  }

  #status(sees) {
    const players = this.players.map(({ name, alive, role, voted }) => ({ name, alive, ...(sees(name, alive, role) && { role }), ...(this.phase === 'day' && voted && { voted }) }));
    return { phase: this.phase, day: this.day, players, winner: this.winner };
  }

  status() {
    const log = this.past.filter(({ whisper, lost }) => !whisper && !lost).slice(-12).map(({ text }) => text);
    return { ...this.#status((_, alive) => this.phase === 'over' || (!alive && this.phase !== 'lobby')), log };
  }

  seat(you) {
    const own = this.players.find(({ name }) => name === you);
    const isLobby = this.phase === 'lobby';
    const sees = (name, alive, role) => this.phase === 'over' || !alive || (!isLobby && name === you) || (own?.role === 'werewolf' && role === 'werewolf');
    const isWolf = own?.role === 'werewolf';
    const log = this.past.filter(({ whisper, lost }) => !lost && (!whisper || isWolf)).slice(-12).map(({ text, whisper }) => whisper ?? text);
    const move = this.#may(own);
    const isTarget = ({ name, role }) => name !== you && (move === 'vote' || (move === 'choose' && role !== 'werewolf'));
    const targets = this.living.filter(isTarget).map(({ name }) => name);
    const speaks = own !== undefined && (isLobby || this.phase === 'over' || (own.alive && (this.phase === 'day' || isWolf)));
    const may = move && { move, targets };
    return { ...this.#status(sees), log, you, role: isLobby ? null : (own?.role ?? null), may, chosen: (this.phase === 'day' ? own?.voted : own?.chose) ?? null, speaks };
  }

  #may(own) {
    if (this.phase === 'lobby' && !own) return 'join';
    if (!own) return null;
    if (this.phase === 'lobby' || this.phase === 'over') return this.players.length >= LEAST ? 'start' : null;
    if (!own.alive) return null;
    return this.phase === 'day' ? 'vote' : own.role === 'werewolf' ? 'choose' : null;
  }

  open(you, now, backup) {
    const log = this.past.slice(-20).reverse().map(({ life, n, text, lost }) => ({ life, n, text, lost }));
    const kept = backup === 'after' && !this.kill ? this.n - 1 : this.n;
    const thread = this.past.slice(-SHOWN).map(({ life, n, lost }) => ({ life, n, ack: true, room: !lost, backup: !lost && backup !== 'none' && n <= Math.max(kept, this.life > life ? Infinity : 0), history: true }));
    const { kill } = this;
    const word = kill && (kill.what === 'room' || kill.what === 'both') ? (kill.lost ? 'gap' : 'resumed') : 'current';
    const told = ['ada', 'ben', 'history', 'cli'].map((who, index) => ({ who, how: ['browser', 'browser', 'subscriber', 'program'][index], life: this.life, n: this.n, word, from: kill?.lost?.[0] ?? null, to: kill?.lost?.[1] ?? null }));
    return { name: this.name, generation: this.generation, life: this.life, n: this.n, state: 'up', status: this.status(), seat: you ? this.seat(you) : null, log, thread, kill: kill && { ...kill, at: undefined, ago_ms: now - kill.at }, told };
  }
}
