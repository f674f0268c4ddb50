// Uploads by Node.js' fetch through weir-relay, from streams whose length nobody knows. $UPLOAD leads to upload_app.py,
// $ECHO to weir-origin's /echo.
import { createHash, randomBytes } from 'node:crypto';
import { assert, check, done, sleep } from './checks.mjs';

const { UPLOAD, ECHO } = process.env;
const INTERVAL_MS = 100;

function streamOf(pieces, interval) {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      if (next === pieces.length) return controller.close();
      if (interval) await sleep(interval);
      controller.enqueue(pieces[next++]);
    },
  });
}

function send(url, pieces, interval) {
  return fetch(url, { method: 'POST', body: streamOf(pieces, interval), duplex: 'half' });
}

await check('pieces of an upload reach the origin one by one', async () => {
  const pieces = Array.from({ length: 24 }, (_, i) => Buffer.from(`piece ${i} of an upload\n`));
  const seen = await (await send(UPLOAD, pieces, INTERVAL_MS)).json();
  assert.equal(seen.sha256, createHash('sha256').update(Buffer.concat(pieces)).digest('hex'));
  assert.ok(seen.pieces >= 0.6 * pieces.length, `${seen.pieces} of ${pieces.length} came apart`);
  assert.ok(seen.spread_ms >= 0.7 * pieces.length * INTERVAL_MS, `they came within ${seen.spread_ms} ms`);
});

await check('8 MiB uploaded in pieces of 64 KiB arrive whole', async () => {
  const pieces = Array.from({ length: 128 }, () => randomBytes(65536));
  const seen = await (await send(UPLOAD, pieces)).json();
  assert.equal(seen.bytes, 8 << 20);
  assert.equal(seen.sha256, createHash('sha256').update(Buffer.concat(pieces)).digest('hex'));
});

await check('an upload comes back while it goes, and whole', async () => {
  const pieces = Array.from({ length: 24 }, () => randomBytes(10000));
  const start = performance.now();
  const response = await send(ECHO, pieces, INTERVAL_MS);
  const back = [];
  let first;
  for await (const piece of response.body) {
    first ??= performance.now() - start;
    back.push(piece);
  }
  assert.ok(Buffer.concat(back).equals(Buffer.concat(pieces)));
  assert.ok(first < 0.3 * pieces.length * INTERVAL_MS, `the first byte was back after ${Math.round(first)} ms`);
});

done();
