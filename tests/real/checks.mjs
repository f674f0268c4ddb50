// Named checks for the Node.js clients here: each prints `ok` or `FAIL`, and a failed one makes the exit status 1.
// It never knows what is checked.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

export { assert, sleep };

const CHECK_MS = 20000;

function late() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`no end after ${CHECK_MS} ms`)), CHECK_MS).unref();
  });
}

// Runs one check; the next one runs whatever came of it.
export async function check(sentence, body) {
  try {
    await Promise.race([body(), late()]);
    console.log(`ok   ${sentence}`);
  } catch (error) {
    console.log(`FAIL ${sentence}: ${error.message ?? error}`);
    process.exitCode = 1;
  }
}

// Ends the program; what a failed check left open does not keep it.
export function done() {
  process.exit();
}

// Waits until `look` returns something true, and returns that.
export async function until(look, ms, what) {
  const end = performance.now() + ms;
  for (;;) {
    const result = await look();
    if (result) return result;
    if (performance.now() > end) throw new Error(`${what} did not happen within ${ms} ms`);
    await sleep(20);
  }
}

// `times` in ms, one for each piece. Leaves room for a busy machine, but not for two that always come together.
export function assertOneByOne(times, interval) {
  const expected = (times.length - 1) * interval;
  const spread = times.at(-1) - times[0];
  const apart = 1 + times.filter((t, i) => i > 0 && t - times[i - 1] > interval / 10).length;
  const shown = times.map((t) => Math.round(t - times[0])).join(' ');
  assert.ok(spread >= 0.7 * expected, `came within ${Math.round(spread)} ms instead of ${expected}: ${shown}`);
  assert.ok(apart >= 0.6 * times.length, `only ${apart} of ${times.length} came apart: ${shown}`);
}
