// @ts-check
// Reports the tests of the page's pure parts, when all of them have run.

import { report } from './claims.js';

report();
