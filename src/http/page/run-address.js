// @ts-check
// The address of the Runs tab: which runs are overlaid, and how much warm-up is left out.
//
// Responsible for: reading and writing #run=ID&with=ID&with=ID&skip=SECONDS, whose text is foreign.
// runs.js checks whether the runs exist.

export const MOST = 3; // runs that can be overlaid
const LONGEST = 80; // shown characters of an id

/**
 * @typedef {object} RunAddress
 * @property {string[]} ids at most three; an empty one is a letter without a run
 * @property {number} skip seconds at the beginning of each run that are left out
 * @property {string} fault what could not be understood, in a sentence; empty if all was
 */

/**
 * The runs that an address names, or null if it is the address of another tab.
 * @param {string} hash
 * @returns {RunAddress | null}
 */
export function readAddress(hash) {
  const text = hash.replace(/^#/, '');
  const isBare = text === 'runs';
  if (!isBare && !/^run=/.test(text)) return null;
  const fields = new URLSearchParams(isBare ? '' : text);
  const named = [fields.get('run') ?? '', ...fields.getAll('with')];
  const different = named.filter((id, index) => id === '' || named.indexOf(id) === index);
  const asked = fields.get('skip');
  const skip = asked === null ? 0 : Number(asked.replace(/s$/, '') || Number.NaN);
  const isSkip = Number.isFinite(skip) && skip >= 0;
  const faults = [
    different.length > MOST ? `An address shows up to ${MOST} runs; the others are left out.` : '',
    isSkip ? '' : `“${shown(asked ?? '')}” is not a number of seconds to leave out.`,
  ];
  return { ids: trimmed(different.slice(0, MOST)), skip: isSkip ? skip : 0, fault: faults.filter(Boolean).join(' ') };
}

/**
 * The address of these runs.
 * @param {string[]} ids
 * @param {number} [skip]
 */
export function addressOf(ids, skip = 0) {
  const [first, ...others] = trimmed(ids).map(encodeURIComponent);
  if (first === undefined) return '#runs';
  const more = others.map((id) => `&with=${id}`).join('');
  return `#run=${first}${more}${skip > 0 ? `&skip=${skip}` : ''}`;
}

/**
 * Foreign text for a sentence, cut to the length of a name.
 * @param {string} id
 */
export function shown(id) {
  return id.length > LONGEST ? `${id.slice(0, LONGEST)}…` : id;
}

/**
 * The ids without trailing letters that have no run.
 * @param {string[]} ids
 */
function trimmed(ids) {
  return ids.slice(0, ids.findLastIndex(Boolean) + 1);
}
