/**
 * Bytes, rates and times as people read them.
 *
 * @module
 */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in units of 1000: `12.3 MB`. */
export function showBytes(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${UNITS[unit]}`;
}

/** Bytes of all bytes, in the unit of the whole: `4.5/80 MB`. */
export function showBytesOf(done: number, total: number): string {
  const unit = unitOf(total);
  return `${inUnit(Math.min(done, total), unit)}/${inUnit(total, unit)} ${UNITS[unit]}`;
}

/** A time in milliseconds: `4.2 s`, `45 s`, `3:07`, `1:02:33`; tenths only `exact`. */
export function showTime(ms: number, exact = false): string {
  if (exact && ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  return showClock(ms);
}

/** A time since the beginning, in milliseconds: `0:07`, `1:02:33`. */
export function showClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function unitOf(bytes: number): number {
  let unit = 0;
  for (let rest = Math.abs(bytes); rest >= 999.5 && unit < UNITS.length - 1; rest /= 1000) unit++;
  return unit;
}

/** Three digits at most, but of thousands of the smallest unit none are left out. */
function inUnit(bytes: number, unit: number): string {
  const value = bytes / 1000 ** unit;
  return unit === 0 || value >= 99.95 || value === 0 ? value.toFixed(0) : value.toFixed(1);
}
