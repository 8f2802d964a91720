// The figures that are text: number formats, bound fields, the table of modes, the ledger's verdict and
// the configuration in force.
//
// Each panel takes a snapshot and writes only what differs from the last one: ten snapshots a second
// must not cost ten layouts. Pictures are left to flow.js and charts.js, fetching to app.js.

export const MODES = ['serial', 'async', 'pipelined'];

const THIN = '\u202f'; // narrow no-break space, between a figure and its unit
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0, signDisplay: 'negative' });
const three = new Intl.NumberFormat('en', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

const known = (value) => typeof value === 'number' && Number.isFinite(value);

/** Number formats: whole counts in full, measured values with three significant digits. */
export const format = {
  count: (value) => (known(value) ? whole.format(value) : '–'),
  brief: (value) => {
    if (!known(value)) return '–';
    if (value >= 1e6) return `${short.format(value / 1e6)}${THIN}M`;
    return value >= 1e4 ? `${short.format(value / 1e3)}${THIN}k` : format.rate(value);
  },
  rate: (value) => {
    if (!known(value)) return '–';
    return value >= 100 || Number.isInteger(value) ? whole.format(value) : three.format(value);
  },
  perSecond: (value) => (known(value) ? `${format.rate(value)}${THIN}/s` : '–'),
  briefRate: (value) => (known(value) ? `${format.brief(value)}${THIN}/s` : '–'),
  ms: (value) => duration(value, three),
  msTick: (value) => (value < 0.001 ? `<1${THIN}µs` : duration(value, short)),
  age: (value) => (value >= 60_000 ? format.uptime(value / 1000) : duration(value, value < 1000 ? whole : tenths)),
  uptime: (value) => {
    if (!known(value)) return '–';
    const minutes = Math.floor(value / 60);
    if (minutes === 0) return `${Math.floor(value)}${THIN}s`;
    if (minutes < 60) return `${minutes}${THIN}min ${Math.floor(value % 60)}${THIN}s`;
    return `${Math.floor(minutes / 60)}${THIN}h ${minutes % 60}${THIN}min`;
  },
  percent: (share) => {
    if (!known(share)) return '–';
    return `${share > 0 && share < 0.01 ? '<1' : whole.format(share * 100)}${THIN}%`;
  },
  seconds: (value) => (known(value) ? `${format.rate(value)}${THIN}s` : '–'),
  limit: (value) => (known(value) ? whole.format(value) : 'none'),
  words: (value) => String(value ?? '–').replaceAll('_', ' '),
  source: (value) => value ?? 'none: defaults and flags',
  plain: (value) => String(value ?? ''),
};

function duration(value, digits) {
  if (!known(value)) return '–';
  // The server tells times apart to a microsecond, and no time is zero.
  if (value < 0.001) return `< 0.001${THIN}ms`;
  if (value < 1) return `${digits.format(value * 1000)}${THIN}µs`;
  return value < 1000 ? `${digits.format(value)}${THIN}ms` : `${digits.format(value / 1000)}${THIN}s`;
}

/** An element with a class and children; strings become text, never markup. */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** The field that a dotted path names, or undefined wherever the path breaks off. */
export function field(from, path) {
  return path.split('.').reduce((part, key) => part?.[key], from);
}

export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Fills each `data-bind`, and marks what deserves a second look (`data-alarm`) or none (`data-quiet`). */
export class Bindings {
  #bound = [...document.querySelectorAll('[data-bind]')];
  #alarms = [...document.querySelectorAll('[data-alarm]')];
  #quiet = [...document.querySelectorAll('[data-quiet]')];

  update(view) {
    for (const node of this.#bound) {
      const value = field(view, node.dataset.bind);
      const as = node.dataset.as ?? (typeof value === 'string' ? 'plain' : 'count');
      write(node, format[as](value));
    }
    for (const node of this.#alarms) node.classList.toggle('alarm', field(view, node.dataset.alarm) > 0);
    for (const node of this.#quiet)
      node.hidden = !(field(view, node.dataset.quiet) > 0 || field(view, node.dataset.quiet) === true);
  }
}

const spread = (of) => `${format.count(of?.count)} measured, mean ${format.ms(of?.mean)}, p99.9 ${format.ms(of?.p999)}`;
const percentile = (clock, name, term) => ({
  head: name,
  term,
  detail: (mode) => spread(mode[clock]),
  text: (mode) => (mode[clock]?.count ? format.ms(mode[clock][name]) : '–'),
});

// The table by groups of columns; a group with a name gets a head that spans its columns.
const COLUMNS = [
  {
    group: '',
    columns: [
      {
        head: 'arrived',
        term: 'arrived',
        text: (mode) => format.count(mode.arrived),
        detail: (mode) => `${format.count(mode.in_flight)} in flight now, ${format.count(mode.aborted)} aborted`,
      },
      { head: 'answered', term: 'requests', text: (mode) => format.count(mode.requests) },
      { head: 'rate', term: 'rate', text: (mode) => format.perSecond(mode.rate) },
      {
        head: 'errors',
        term: 'errors',
        text: (mode) => format.count(mode.errors),
        alarm: (mode) => mode.errors > 0,
        detail: (mode) =>
          `refused ${format.count(mode.refused)}, failed ${format.count(mode.failed)}; their server time: ${mode.errors_ms?.count ? `p50 ${format.ms(mode.errors_ms.p50)}, p99 ${format.ms(mode.errors_ms.p99)}` : 'none yet'}`,
      },
      {
        head: 'peak in use',
        term: 'peak-in-use',
        text: (mode) => format.count(mode.peak_in_use),
        detail: (mode) => `${format.count(mode.in_use)} in use now`,
      },
    ],
  },
  {
    group: 'server time',
    term: 'http',
    columns: ['p50', 'p90', 'p99', 'max'].map((name) => percentile('http_ms', name, 'http')),
  },
  { group: 'wait', term: 'wait', columns: ['p50', 'p99'].map((name) => percentile('wait_ms', name, 'wait')) },
  { group: 'service', term: 'service', columns: ['p50'].map((name) => percentile('service_ms', name, 'service')) },
  {
    group: 'response',
    term: 'response',
    columns: ['p50', 'p99'].map((name) => percentile('response_ms', name, 'response')),
  },
];

export class ModesTable {
  #cells = [];
  #modes = {};

  constructor(table) {
    const groups = element('tr', '', element('td', ''));
    const heads = element('tr', '', head('mode', 'col'));
    for (const { group, term, columns } of COLUMNS) {
      const over = group ? head(group, 'colgroup', term) : element('td', '');
      over.colSpan = columns.length;
      groups.append(over);
      columns.forEach((column, index) => {
        const cell = head(column.head, 'col', group ? 'percentiles' : column.term);
        cell.classList.toggle('first', index === 0);
        heads.append(cell);
      });
    }
    const body = element('tbody', '', ...MODES.map((mode) => this.#row(mode)));
    table.append(element('thead', '', groups, heads), body);
  }

  #row(mode) {
    const name = head('', 'row', mode);
    name.append(element('i', `mark ${mode}`), mode);
    const row = element('tr', '', name);
    for (const { columns } of COLUMNS) {
      columns.forEach((column, index) => {
        const cell = element('td', index === 0 ? 'first' : '');
        cell.dataset.term = column.term;
        // Worked out when somebody looks, not ten times a second.
        if (column.detail) cell.detail = () => `${mode}: ${column.detail(this.#modes[mode] ?? {})}`;
        this.#cells.push({ mode, column, cell });
        row.append(cell);
      });
    }
    return row;
  }

  update(snapshot) {
    this.#modes = snapshot.modes ?? {};
    for (const { mode, column, cell } of this.#cells) {
      const figures = this.#modes[mode] ?? {};
      write(cell, column.text(figures));
      if (column.alarm) cell.classList.toggle('alarm', column.alarm(figures));
    }
  }
}

export function head(text, scope, term) {
  const cell = element('th', '', text);
  cell.scope = scope;
  if (term) cell.dataset.term = term;
  return cell;
}

/** Counters are read one after another, so events in motion can look lost for a moment. */
const SKEW_S = 2;

export class Ledger {
  #since = null;

  constructor(section) {
    this.verdict = section.querySelector('.verdict');
  }

  update(snapshot) {
    const missing = snapshot.ledger?.unaccounted ?? 0;
    const now = snapshot.uptime_s ?? 0;
    if (missing === 0) this.#since = null;
    else if (this.#since === null || this.#since > now) this.#since = now;
    const warn = this.#since !== null && now - this.#since > SKEW_S;
    this.verdict.classList.toggle('warn', warn);
    write(this.verdict, warn ? `⚠ ${format.count(missing)} unaccounted` : '✓ 0 unaccounted');
  }
}

/** The effective settings as TOML, with what a flag set, what just changed, and what was refused. */
export class Configuration {
  #values = new Map();
  #shown = '';
  #warned = '';

  constructor(section, banner) {
    this.toml = section.querySelector('.toml');
    this.age = section.querySelector('.age');
    this.changes = section.querySelector('.changes');
    this.notes = section.querySelector('.notes');
    this.banner = banner;
  }

  update(snapshot) {
    const config = snapshot.config ?? {};
    write(this.age, format.uptime(snapshot.uptime_s - config.changed_s));
    write(this.changes, config.changes?.join('\n') || 'none since the start');
    write(this.notes, config.notes?.join('\n') || 'none');
    this.notes.classList.toggle('alarm', config.notes?.length > 0);
    this.#warn(config, snapshot.keeping ?? {});
    const shown = JSON.stringify([config.effective, config.flags]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#render(config.effective ?? {}, new Set(config.flags));
  }

  /** What is wrong with the configuration, and with the folder that the runs are kept in. */
  #warn({ error = null, generation }, keeping) {
    const refused = `The last edit was refused. Generation ${generation} stays in force, unchanged.`;
    const warnings = [
      [error, refused],
      [keeping.error ?? null, unkept(keeping)],
    ].filter(([why]) => why !== null);
    const warned = JSON.stringify(warnings);
    if (warned === this.#warned) return;
    this.#warned = warned;
    this.banner.replaceChildren(
      ...warnings.flatMap(([why, what]) => [element('h2', '', what), element('pre', '', why)]),
    );
  }

  #render(effective, flags) {
    const sections = Object.entries(effective).map(([name, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => this.#line(`${name}.${key}`, key, value, flags));
      return element('div', 'section', element('span', 'head', `[${name}]\n`), ...lines);
    });
    this.toml.replaceChildren(...sections);
  }

  #line(path, key, value, flags) {
    const line = element('span', 'line', element('span', 'key', key), ' = ', ...this.#value(path, value));
    const byFlag = [...flags].filter((flag) => flag === path || flag.startsWith(`${path}.`));
    if (byFlag.length) {
      const inner = byFlag
        .map((flag) => flag.slice(path.length + 1))
        .filter(Boolean)
        .join(', ');
      const note = element('span', 'flag', `# ${inner ? `${inner} ` : ''}set by flag`);
      note.dataset.term = 'flag';
      note.tabIndex = 0;
      note.setAttribute('aria-describedby', 'term-flag');
      line.append('  ', note);
    }
    line.append('\n');
    return line;
  }

  #value(path, value) {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      const inner = Object.entries(value).flatMap(([key, part], index) => [
        index ? ', ' : '{ ',
        element('span', 'key', key),
        ' = ',
        ...this.#value(`${path}.${key}`, part),
      ]);
      return [...inner, ' }'];
    }
    const text = JSON.stringify(value);
    const before = this.#values.get(path);
    this.#values.set(path, text);
    return [element('span', before !== undefined && before !== text ? 'value changed' : 'value', text)];
  }
}

/** How many runs are not on the disk. */
function unkept({ waiting = 0, lost = 0 }) {
  const runs = (n) => (n === 1 ? '1 run' : `${n} runs`);
  const first = waiting ? `${runs(waiting)} could not be kept yet; the server tries again.` : 'Runs cannot be kept.';
  return lost ? `${first} ${runs(lost)} had to be given up.` : first;
}
