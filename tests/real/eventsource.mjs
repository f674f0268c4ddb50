// Chromium's own EventSource reads the cases of eventsource_cases.mjs directly from $ORIGIN, and through $PLAIN and $TAP,
// relays of which the second one sends heartbeats; $DUMP is weir's parser as a program. All must see the same.
import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import { assert, check, done } from './checks.mjs';
import { names, pieces } from './eventsource_cases.mjs';

const { ORIGIN, PLAIN, TAP, DUMP } = process.env;
const TYPES = ['message', 'alpha', 'beta', 'lost', 'a\x00b'];
const AT_ONCE = 5; // a browser has six connections for a host

// Runs in the browser: what one stream of the page's own host says, until it ends.
function read([path, types]) {
  return new Promise((resolve) => {
    const events = [];
    const source = new EventSource(path);
    for (const type of types) {
      source.addEventListener(type, (e) => events.push({ type: e.type, data: e.data, id: e.lastEventId }));
    }
    source.onerror = () => {
      source.close();
      resolve(events);
    };
  });
}

// Runs in the browser: reads /back until the reader has come back once.
function comeBack() {
  return new Promise((resolve) => {
    const events = [];
    const source = new EventSource('/back');
    source.onmessage = (e) => {
      events.push({ data: e.data, id: e.lastEventId });
      if (events.length < 3) return;
      source.close();
      resolve(events);
    };
  });
}

async function readAll(page) {
  const seen = [];
  for (let n = 0; n < names.length; n += AT_ONCE) {
    const some = names.slice(n, n + AT_ONCE).map((_, i) => page.evaluate(read, [`/case/${n + i}`, TYPES]));
    seen.push(...(await Promise.all(some)));
  }
  return seen;
}

// Bytes that are no UTF-8 become U+FFFD, as a browser does it.
function text(hex) {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(hex, 'hex'));
}

function parsed(list, size) {
  const { stdout, status, stderr } = spawnSync(DUMP, [String(size)], { input: Buffer.concat(list) });
  assert.equal(status, 0, String(stderr));
  const events = String(stdout).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return events.map(({ type, data, id }) => ({ type: text(type), data: text(data), id: text(id) }));
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update', '--no-proxy-server',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
});

async function open(base) {
  const page = await browser.newPage();
  await page.goto(`${base}/`);
  return page;
}

let direct = [];
await check(`a browser reads ${names.length} streams from their origin`, async () => {
  direct = await readAll(await open(ORIGIN));
  assert.ok(direct.flat().length > names.length, 'hardly any event came');
});

await check('through weir it sees the same', async () => assert.deepEqual(await readAll(await open(PLAIN)), direct));
await check('and with heartbeats between them', async () => assert.deepEqual(await readAll(await open(TAP)), direct));

for (const size of [4096, 1, 7]) {
  await check(`weir's parser sees the same, fed ${size} bytes at a time`, () => {
    names.forEach((name, n) => assert.deepEqual(parsed(pieces[n], size), direct[n], name));
  });
}

for (const [name, base] of Object.entries({ PLAIN, TAP })) {
  await check(`it comes back with Last-Event-ID and after retry (${name})`, async () => {
    await fetch(`${ORIGIN}/heads`);
    const events = await (await open(base)).evaluate(comeBack);
    const heads = await (await fetch(`${ORIGIN}/heads`)).json();
    assert.deepEqual(events.slice(0, 2), [{ data: 'one', id: 'a' }, { data: 'two', id: 'b-\u2026' }]);
    assert.equal(events[2].data, Buffer.from('b-\u2026').toString('hex'));
    assert.equal(heads.length, 2);
    assert.equal(heads[0].id, null);
    const waited = heads[1].at - heads[0].at;
    assert.ok(waited >= 250 && waited < 2500, `it came back after ${Math.round(waited)} ms`);
  });
}

await browser.close();
done();
