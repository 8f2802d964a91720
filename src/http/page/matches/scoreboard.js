// @ts-check
// The match itself: teams, score, minute, and what has happened, with the time until the last watcher had it.
//
// Responsible for: the words of a state and of an event, and the list of other matches.

import { element, find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { ask, messageOf, order } from '../server.js';

/** @import { FeedItem, Listed, Match, MatchEvent, MatchList, Play } from './types.d.ts' */

/** The sign of each kind of event, and its colour. @type {Record<string, [sign: string, colour: string]>} */
const SIGNS = {
  goal: ['●', 'goal'],
  card: ['▮', 'card'],
  substitution: ['⇄', 'quiet'],
  shot: ['○', 'quiet'],
  stop: ['■', 'quiet'],
};
const USUAL = ['◦', 'quiet'];

/** @param {Pick<Play, 'minute' | 'period'>} play */
export function whenText({ minute, period }) {
  return minute > 0 && period !== 'not begun' ? `${minute}′ · ${period}` : period;
}

/**
 * How far an event has gone.
 * @param {FeedItem} item
 * @param {MatchEvent | null} event the newest
 * @returns {[words: string, className: string]}
 */
export function spreadText({ seq, last_ms: last }, event) {
  if (last !== null) return [format.ms(last), 'muted'];
  if (event === null || seq > event.seq) return ['published', 'muted'];
  if (event.stalled_ms > 0) return ['stands', 'bad'];
  if (seq === event.seq && event.sent === 0) return ['no watchers', 'muted'];
  if (seq === event.seq && event.reached < event.sent - event.behind.length) return ['going out', 'now'];
  return [event.behind.length > 0 ? 'some behind' : '–', 'muted'];
}

export class Scoreboard {
  #home = find(document, '#home');
  #away = find(document, '#away');
  #goals = find(document, '#goals');
  #when = find(document, '#when');
  #visits = find(document, '#visits');
  #users = 0;

  constructor() {
    this.#visits.detail = () => `Now ${format.count(this.#users)} ${this.#users === 1 ? 'user' : 'users'}`;
  }

  /** @param {Match} match */
  update({ match }) {
    write(this.#home, match.home);
    write(this.#away, match.away);
    write(this.#goals, match.score.join(' : '));
    write(this.#when, `${whenText(match)} · ${match.stadium}`);
    write(this.#visits, `${format.count(match.visits)} ${match.visits === 1 ? 'visit' : 'visits'}`);
    this.#users = match.users;
  }
}

export class Feed {
  #list = find(document, '#feed');
  #none = find(document, '#no-events');
  /** @type {Map<number, { node: HTMLElement, spread: HTMLElement }>} */
  #rows = new Map();

  /** @param {Match} match */
  update({ feed, event }) {
    this.#none.hidden = feed.length > 0;
    const rows = feed.map((item) => {
      const row = this.#rows.get(item.seq) ?? this.#make(item);
      const [words, className] = spreadText(item, event);
      write(row.spread, words);
      row.spread.className = `spread ${className}`;
      return [item.seq, row];
    });
    this.#rows = new Map(/** @type {[number, { node: HTMLElement, spread: HTMLElement }][]} */ (rows));
    const nodes = [...this.#rows.values()].map(({ node }) => node);
    nodes.forEach((node, index) => {
      if (this.#list.children[index] !== node) this.#list.insertBefore(node, this.#list.children[index] ?? null);
    });
    while (this.#list.children.length > nodes.length) this.#list.lastElementChild?.remove();
  }

  /** Forgets the rows: another match has other events under the same numbers. */
  clear() {
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  /** @param {FeedItem} item */
  #make({ kind, minute, text }) {
    const [sign, colour] = SIGNS[kind] ?? USUAL;
    const mark = element('span', `sign ${colour}`, sign);
    mark.setAttribute('aria-hidden', 'true');
    const what = element('span', `what ${kind === 'goal' ? 'goal' : ''}`, text);
    const spread = element('span', 'spread');
    return { node: element('li', '', element('span', 'min', `${minute}′`), mark, what, spread), spread };
  }
}

/** The other matches of the server, in a list that is read when it is opened. */
export class OtherMatches {
  #menu = find(document, '#others');
  #list = find(document, '#others ul');
  #add = findAs(HTMLButtonElement, document, '#add');

  /** @param {string} own the match of this page */
  constructor(own) {
    this.own = own;
    this.#menu.addEventListener('toggle', (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === 'open') this.#read();
    });
    this.#add.addEventListener('click', async () => {
      await order('api/matches').then(
        () => this.#read(),
        (error) => this.#say(`no match added: ${messageOf(error)}`),
      );
    });
  }

  async #read() {
    try {
      /** @type {MatchList} */
      const { matches } = await ask('api/matches');
      this.#list.replaceChildren(...matches.map((one) => this.#row(one)));
    } catch (error) {
      this.#say(messageOf(error));
    }
  }

  /** @param {string} words */
  #say(words) {
    this.#list.replaceChildren(element('li', 'bad', words));
  }

  /** @param {Listed} one */
  #row(one) {
    const link = element('a', '', element('b', '', `${one.home} ${one.score.join(' : ')} ${one.away}`));
    link.href = `?match=${encodeURIComponent(one.id)}`;
    if (one.id === this.own) link.setAttribute('aria-current', 'true');
    const watchers = `${format.count(one.watchers)} ${one.watchers === 1 ? 'watcher' : 'watchers'}`;
    return element('li', '', link, element('span', 'muted', `${whenText(one)} · ${watchers}`));
  }
}
