// @ts-check
// Where the square of each watcher is.
//
// Responsible for: the arithmetic. A shard is a band of rows over the whole width, and its watchers fill the band column
// by column, so a walk over them is a front from left to right. All lengths are device pixels, so edges are sharp.

const MOST = 10_000; // squares; beyond it a square stands for several watchers
const BAND_GAP = 6;
const LARGEST = 64; // CSS pixels of a square
const TALLEST = 96; // CSS pixels of a row

/**
 * @typedef {object} Band the squares of one shard
 * @property {number} shard its place in the list of shards
 * @property {number} first the number of its first square
 * @property {number} squares
 * @property {number} rows
 * @property {number} columns
 * @property {number} y
 * @property {number} height
 */

/**
 * @typedef {object} Grid
 * @property {number} each watchers that a square stands for
 * @property {number} squares
 * @property {number} columns
 * @property {number} across the distance of two columns
 * @property {number} down the distance of two rows
 * @property {number} size of a square
 * @property {number} width
 * @property {number} height
 * @property {Band[]} bands
 */

/**
 * Makes the largest squares that fit.
 * @param {number[]} shards watchers of each shard
 * @param {number} width
 * @param {number} height
 * @param {number} ratio device pixels of a CSS pixel
 * @returns {Grid}
 */
export function gridOf(shards, width, height, ratio) {
  const total = shards.reduce((sum, count) => sum + count, 0);
  const each = Math.max(1, Math.ceil(total / MOST));
  const filled = shards.map((count, shard) => ({ shard, squares: Math.ceil(count / each) })).filter((s) => s.squares);
  const squares = filled.reduce((sum, one) => sum + one.squares, 0);
  const gap = Math.round(BAND_GAP * ratio);
  const room = height - gap * Math.max(0, filled.length - 1);
  // Rows may be a pixel further apart than columns, which fills the height better than squares alone.
  const rowsAt = (/** @type {number} */ pitch, /** @type {number} */ count) =>
    Math.ceil(count / Math.max(1, Math.floor(width / pitch)));
  const fits = (/** @type {number} */ across, /** @type {number} */ down) =>
    filled.reduce((sum, one) => sum + rowsAt(across, one.squares), 0) * down <= room;
  let down = Math.max(1, Math.floor(Math.min(width, TALLEST * ratio, room / Math.max(1, filled.length))));
  while (down > 1 && !fits(down, down) && !fits(down - 1, down)) down -= 1;
  const least = Math.max(1, fits(down, down) ? down : down - 1);
  const rowsOf = (/** @type {number} */ count) => rowsAt(least, count);
  let columns = 1;
  for (const one of filled) columns = Math.max(columns, Math.ceil(one.squares / rowsOf(one.squares)));
  const across = Math.max(1, Math.floor(width / columns));
  const pitch = Math.min(down, across);
  const between = pitch < 3 ? 0.5 : Math.max(1, Math.round(pitch * 0.18));
  const used = filled.reduce((sum, one) => sum + rowsOf(one.squares), 0) * down + (height - room);
  let y = Math.max(0, Math.floor((height - used) / 2));
  let first = 0;
  const bands = filled.map(({ shard, squares: count }) => {
    const rows = rowsOf(count);
    const band = { shard, first, squares: count, rows, columns: Math.ceil(count / rows), y, height: rows * down };
    first += count;
    y += band.height + gap;
    return band;
  });
  const size = Math.min(pitch - between, Math.round(LARGEST * ratio));
  return { each, squares, columns, across, down, size, width: columns * across, height, bands };
}

/**
 * The upper left corner of a square within a band.
 * @param {Grid} grid
 * @param {Band} band
 * @param {number} index within the band
 * @returns {[x: number, y: number]}
 */
export function cornerOf({ across, down, size, width }, band, index) {
  const column = Math.floor(index / band.rows);
  const row = index % band.rows;
  const inset = (/** @type {number} */ pitch) => Math.floor((pitch - size) / 2);
  // A band with fewer columns is stretched: the same place is the same part of each shard.
  return [Math.floor((column * width) / band.columns) + inset(across), band.y + row * down + inset(down)];
}

/**
 * The square of a watcher, given its place among all watchers in the order of the shards.
 * @param {Grid} grid
 * @param {number[]} shards watchers of each shard
 * @param {number} place
 * @returns {{ band: Band, index: number } | null} null where there is none
 */
export function squareOf(grid, shards, place) {
  let before = 0;
  for (const [shard, count] of shards.entries()) {
    if (place < before + count) {
      const band = grid.bands.find((one) => one.shard === shard);
      return band && place >= before ? { band, index: Math.floor((place - before) / grid.each) } : null;
    }
    before += count;
  }
  return null;
}

/**
 * The square at a point.
 * @param {Grid} grid
 * @param {number} x
 * @param {number} y
 * @returns {{ band: Band, index: number } | null}
 */
export function squareAt(grid, x, y) {
  const band = grid.bands.find((one) => y >= one.y && y < one.y + one.height);
  if (!band || x < 0) return null;
  const column = Math.floor((x * band.columns) / grid.width);
  const index = column * band.rows + Math.floor((y - band.y) / grid.down);
  return index < band.squares ? { band, index } : null;
}
