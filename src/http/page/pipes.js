// @ts-check
// The pipes of the flow picture: where they run between the nodes, side by side or stacked.
//
// Responsible for: geometry. Nothing is drawn here.

/** @typedef {[x: number, y: number]} Spot */

/**
 * A node's place in the picture.
 * @typedef {object} Box
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 */

/** @typedef {'http' | 'serial' | 'async' | 'pipelined' | 'queue' | 'consumers' | 'resource' | 'exit'} NodeName */
/** @typedef {Record<NodeName, Box>} Boxes */

/**
 * serial, async and push lead from HTTP; ask runs against the stream; bounce, fall and shed leave the pipes.
 * @typedef {'serial' | 'async' | 'push' | 'dispatch' | 'ask' | 'work' | 'done' | 'bounce' | 'fall' | 'shed'} PathName
 */

/**
 * A cubic curve.
 * @typedef {object} Path
 * @property {[Spot, Spot, Spot, Spot]} points its ends, and the two that bend it between them
 * @property {number} pipe its width, where it is drawn as a pipe; otherwise 0
 * @property {string} colour a variable of the style sheet
 * @property {number} travel milliseconds that a particle takes
 */

/** @typedef {Record<PathName, Path>} Paths */

/** @type {NodeName[]} */
export const NODES = ['http', 'serial', 'async', 'pipelined', 'queue', 'consumers', 'resource', 'exit'];

const PIXELS_PER_S = 260; // how fast particles travel, within these bounds of time:
export const TRAVEL_MS = { least: 380, most: 1100 };

/** @param {Box} box */
const middle = ({ y, h }) => y + h / 2;
/** @param {Box} box */
const centre = ({ x, w }) => x + w / 2;
/** @param {Box} box */
const right = ({ x, w }) => x + w;
/** @param {Box} box */
const foot = ({ y, h }) => y + h;

/**
 * @param {Boxes} boxes
 * @returns {Paths}
 */
export function pathsBetween(boxes) {
  const areStacked = boxes.queue.y > foot(boxes.http);
  return areStacked ? stacked(boxes) : sideBySide(boxes);
}

/**
 * The spot at a share of a path's length.
 * @param {Path} path
 * @param {number} t
 * @returns {Spot}
 */
export function along({ points: [a, b, c, d] }, t) {
  const u = 1 - t;
  /** @param {0 | 1} axis */
  const at = (axis) => u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return [at(0), at(1)];
}

/**
 * @param {Spot} from
 * @param {Spot} bend1
 * @param {Spot} bend2
 * @param {Spot} to
 * @param {number} [pipe]
 * @param {string} [colour]
 * @returns {Path}
 */
function curve(from, bend1, bend2, to, pipe = 0, colour = 'pipelined') {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const travel = Math.min(TRAVEL_MS.most, Math.max(TRAVEL_MS.least, (length / PIXELS_PER_S) * 1000));
  return { points: [from, bend1, bend2, to], pipe, colour, travel };
}

/**
 * @param {Spot} from
 * @param {Spot} to
 * @param {number} pipe
 * @param {string} [colour]
 */
function straight(from, to, pipe, colour) {
  /**
   * @param {number} share
   * @returns {Spot}
   */
  const at = (share) => [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
  return curve(from, at(1 / 3), at(2 / 3), to, pipe, colour);
}

/**
 * @param {Boxes} at
 * @returns {Paths}
 */
function sideBySide(at) {
  const { http, queue, consumers, resource, exit } = at;
  /** @param {'serial' | 'async'} mode */
  const lane = (mode) => straight([right(http), middle(at[mode])], [resource.x, middle(at[mode])], 10, mode);
  const y = middle(queue);
  const gate = queue.x - 6; // where refused events turn back
  const [drop, bed] = [centre(queue), foot(queue)];
  const [door, lowest] = [resource.x, middle(at.async)];
  return {
    serial: lane('serial'),
    async: lane('async'),
    push: straight([right(http), y], [queue.x, y], 10),
    dispatch: straight([right(queue), y - 9], [consumers.x, y - 9], 10),
    ask: straight([consumers.x, y + 13], [right(queue), y + 13], 3, 'muted'),
    work: straight([right(consumers), y], [resource.x, y], 10),
    done: straight([right(resource), middle(exit)], [right(exit), middle(exit)], 10, 'muted'),
    bounce: curve([gate, y], [gate - 30, y - 34], [gate - 44, y + 4], [gate - 46, y + 56]),
    fall: curve([drop, bed - 4], [drop, bed + 8], [drop + 6, bed + 20], [drop + 8, bed + 34]),
    shed: curve([door - 4, lowest], [door - 30, lowest], [door - 40, lowest + 20], [door - 44, lowest + 56]),
  };
}

/**
 * @param {Boxes} at
 * @returns {Paths}
 */
function stacked(at) {
  const { http, queue, consumers, resource, exit } = at;
  /** @param {'serial' | 'async'} mode */
  const lane = (mode) => straight([centre(at[mode]), foot(http)], [centre(at[mode]), resource.y], 10, mode);
  const x = centre(queue);
  const gate = queue.y - 5;
  const [drop, bed] = [queue.x + 20, foot(queue)];
  const [last, door] = [centre(at.async), resource.y];
  return {
    serial: lane('serial'),
    async: lane('async'),
    push: straight([x, foot(http)], [x, queue.y], 10),
    dispatch: straight([x - 9, foot(queue)], [x - 9, consumers.y], 10),
    ask: straight([x + 13, consumers.y], [x + 13, foot(queue)], 3, 'muted'),
    work: straight([x, foot(consumers)], [x, resource.y], 10),
    done: straight([centre(exit), foot(resource)], [centre(exit), exit.y + 2], 10, 'muted'),
    bounce: curve([x, gate], [x + 30, gate - 26], [x + 60, gate - 16], [x + 84, gate + 20]),
    fall: curve([drop, bed], [drop, bed + 8], [drop - 4, bed + 18], [drop - 6, bed + 34]),
    shed: curve([last, door - 4], [last + 16, door - 30], [last + 26, door - 14], [last + 30, door + 14]),
  };
}
