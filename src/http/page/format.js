// @ts-check
// Numbers, times and rates as text: whole counts in full, measured values with three significant digits.
//
// Responsible for: digits, units, and the dash where a figure is not known.

const THIN = '\u202f'; // narrow no-break space, between a figure and its unit
const UNKNOWN = '–';
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0, signDisplay: 'negative' });
const three = new Intl.NumberFormat('en', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** @typedef {number | null | undefined} Figure null or undefined where it is not known */

/**
 * @param {Figure} value
 * @returns {value is number}
 */
const known = (value) => typeof value === 'number' && Number.isFinite(value);

export const format = {
  /** A whole count. @param {Figure} value */
  count: (value) => (known(value) ? whole.format(value) : UNKNOWN),

  /** A count or rate in at most six characters. @param {Figure} value */
  brief: (value) => {
    if (!known(value)) return UNKNOWN;
    if (value >= 1e6) return `${short.format(value / 1e6)}${THIN}M`;
    return value >= 1e4 ? `${short.format(value / 1e3)}${THIN}k` : format.rate(value);
  },

  /** A measured value without a unit. @param {Figure} value */
  rate: (value) => {
    if (!known(value)) return UNKNOWN;
    return value >= 100 || Number.isInteger(value) ? whole.format(value) : three.format(value);
  },

  /** @param {Figure} value */
  perSecond: (value) => (known(value) ? `${format.rate(value)}${THIN}/s` : UNKNOWN),

  /** @param {Figure} value */
  briefRate: (value) => (known(value) ? `${format.brief(value)}${THIN}/s` : UNKNOWN),

  /** A measured time. @param {Figure} value milliseconds */
  ms: (value) => duration(value, three),

  /** A time at a tick of an axis. @param {Figure} value milliseconds */
  msTick: (value) => (known(value) && value < 0.001 ? `<1${THIN}µs` : duration(value, short)),

  /** How long something has lasted so far; changes often, so it has few digits. @param {Figure} value milliseconds */
  age: (value) => {
    if (!known(value)) return UNKNOWN;
    return value >= 60_000 ? format.uptime(value / 1000) : duration(value, value < 1000 ? whole : tenths);
  },

  /** @param {Figure} value seconds */
  uptime: (value) => {
    if (!known(value)) return UNKNOWN;
    const minutes = Math.floor(value / 60);
    if (minutes === 0) return `${Math.floor(value)}${THIN}s`;
    if (minutes < 60) return `${minutes}${THIN}min ${Math.floor(value % 60)}${THIN}s`;
    return `${Math.floor(minutes / 60)}${THIN}h ${minutes % 60}${THIN}min`;
  },

  /** @param {Figure} share 1 is all of it */
  percent: (share) => {
    if (!known(share)) return UNKNOWN;
    return `${share > 0 && share < 0.01 ? '<1' : whole.format(share * 100)}${THIN}%`;
  },

  /** @param {Figure} value seconds */
  seconds: (value) => (known(value) ? `${format.rate(value)}${THIN}s` : UNKNOWN),

  /** A size. @param {Figure} value bytes */
  bytes: (value) => {
    if (!known(value)) return UNKNOWN;
    const step = value < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(value) / 10));
    return `${short.format(value / 1024 ** step)}${THIN}${['B', 'KiB', 'MiB', 'GiB'][step]}`;
  },

  /** A limit; unknown is unlimited. @param {Figure} value */
  limit: (value) => (known(value) ? whole.format(value) : 'none'),

  /** A key of the configuration as words. @param {string | null | undefined} value */
  words: (value) => String(value ?? UNKNOWN).replaceAll('_', ' '),

  /** The file of the configuration. @param {string | null | undefined} value */
  source: (value) => value ?? 'none: defaults and flags',

  /** @param {string | null | undefined} value */
  plain: (value) => String(value ?? ''),
};

/**
 * @param {Figure} value milliseconds
 * @param {Intl.NumberFormat} digits
 */
function duration(value, digits) {
  if (!known(value)) return UNKNOWN;
  // The server tells times apart to a microsecond, and no time is zero.
  if (value < 0.001) return `< 0.001${THIN}ms`;
  if (value < 1) return `${digits.format(value * 1000)}${THIN}µs`;
  return value < 1000 ? `${digits.format(value)}${THIN}ms` : `${digits.format(value / 1000)}${THIN}s`;
}
