// Judges what the page of tls_page.mjs, asked directly at $ORIGIN, reported from a browser.
import { assert, assertOneByOne, check, done, until } from './checks.mjs';

const { ORIGIN } = process.env;
const EVENTS = 20;
const INTERVAL_MS = 100;
const all = Array.from({ length: EVENTS }, (_, n) => n);
let state;

const numbers = (events) => events.map(([n]) => n);
const times = (events) => events.map(([, at]) => at);

await check('the page comes, runs and reports', async () => {
  state = await until(async () => {
    const told = await (await fetch(`${ORIGIN}/report`)).json();
    return told.report && told;
  }, 19000, 'the report');
  assert.equal(state.report.error, null);
});

if (state) {
  const { report, lastEventIds } = state;
  await check('it was https, by http/1.1', () => {
    assert.equal(report.secure, true);
    assert.equal(report.protocol, 'http/1.1');
  });
  await check('EventSource gets every event', () => assert.deepEqual(numbers(report.source), all));
  await check('one by one, before the cut and after it', () => {
    assertOneByOne(times(report.source).slice(0, EVENTS / 2), INTERVAL_MS);
    assertOneByOne(times(report.source).slice(EVENTS / 2), INTERVAL_MS);
  });
  await check('it came back after the cut, and said where it was', () => {
    assert.equal(report.opened, 2);
    assert.deepEqual(lastEventIds, [null, String(EVENTS / 2 - 1)]);
  });
  await check('fetch gets every event', () => assert.deepEqual(numbers(report.fetched), all));
  await check('one by one too', () => assertOneByOne(times(report.fetched), INTERVAL_MS));
}

done();
