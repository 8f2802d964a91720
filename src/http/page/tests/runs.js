// @ts-check
// Tests of the Runs tab's pure parts: its address, the sentences of a comparison, and the warm-up in its curves.
//
// Responsible for: the claims. unit.html runs them.

import { ofPair } from '../compare.js';
import { addressOf, readAddress, shown } from '../run-address.js';
import { rates } from '../run-view.js';
import { sectionOf } from '../tabs.js';
import { equal, test } from './claims.js';

test('an address of runs is read as it was written', () => {
  for (const [ids, skip] of /** @type {[string[], number][]} */ ([
    [['2026-11-30-105443-serial'], 0],
    [['a', 'b', 'c'], 5],
    [['', 'b'], 0.5],
    [['a&with=x', '"><img src=x onerror=alert(1)>', 'ü+ %'], 0],
  ])) {
    equal(readAddress(addressOf(ids, skip)), { ids, skip, fault: '' });
  }
});

test('without a run the address is that of the list', () => {
  equal([addressOf([]), addressOf(['', ''])], ['#runs', '#runs']);
  equal(readAddress('#runs'), { ids: [], skip: 0, fault: '' });
  equal([readAddress('#bench'), readAddress(''), readAddress('#running=1')], [null, null, null]);
});

test('an address in which something is wrong shows the rest, and says what is wrong', () => {
  equal(readAddress('#run=a&with=b&with=c&with=d'), {
    ids: ['a', 'b', 'c'],
    skip: 0,
    fault: 'An address shows up to 3 runs; the others are left out.',
  });
  equal(readAddress('#run=a&skip=-1'), { ids: ['a'], skip: 0, fault: '“-1” is not a number of seconds to leave out.' });
  equal(readAddress('#run=a&with=a')?.ids, ['a']);
  equal(readAddress('#run=%')?.ids, ['%']);
  equal([readAddress('#run=a&skip=5s')?.skip, shown('x'.repeat(200)).length], [5, 81]);
});

test('the address of a run is in the section of runs', () => {
  equal(['#run=a&with=b', '#runs', '#bench', ''].map(sectionOf), ['runs', 'runs', 'bench', '']);
});

test('sentences about a pair name its letters, and those about one run do not name the pair', () => {
  equal(ofPair('B is 3 % slower at answer p50', 'C'), 'A and C: C is 3 % slower at answer p50');
  equal(ofPair('A is disturbed: B12 ran', 'C'), 'A is disturbed: B12 ran');
});

test('rates begin where the warm-up ends', () => {
  const series = { interval_s: 1, t: [6, 7], columns: { ok: [10, 20] } };
  equal(rates(series, ['ok'], 5), [
    [5, 10],
    [6, 10],
    [7, 20],
  ]);
});
