// @ts-check
// What the tests of the page's pure parts are made of.
//
// Responsible for: counting the claims that hold, and the report of those that fail, which
// tests/programs/page.rs reads.

/** @type {string[]} */
const failures = [];
let passed = 0;
let claim = '';

/**
 * @param {string} name
 * @param {() => void} body
 */
export function test(name, body) {
  claim = name;
  const before = failures.length;
  try {
    body();
  } catch (error) {
    failures.push(`${claim}: ${/** @type {Error} */ (error).stack}`);
  }
  if (failures.length === before) passed += 1;
}

/** @param {string} what the claim under test does not hold */
export function fail(what) {
  failures.push(`${claim}: ${what}`);
}

/**
 * @param {unknown} found
 * @param {unknown} expected
 */
export function equal(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) failures.push(`${claim}: expected ${b}, found ${a}`);
}

/**
 * @param {number} found
 * @param {number} expected
 */
export function near(found, expected) {
  if (!(Math.abs(found - expected) < 1e-6)) failures.push(`${claim}: expected ${expected}, found ${found}`);
}

/** @param {string} text with narrow spaces as `_` */
export const narrow = (text) => text.replaceAll('_', '\u202f');

/** Writes the report. Called once, when all claims have been tested. */
export function report() {
  const written = document.createElement('pre');
  written.id = 'report';
  written.textContent = [
    ...failures.map((failure) => `FAILED ${failure}`),
    `${passed} claims hold, ${failures.length} failures`,
  ].join('\n');
  document.body.append(written);
}
