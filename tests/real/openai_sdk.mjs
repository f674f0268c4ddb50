// The `openai` package talks to weir-relay, whose base URL is $RELAY; $WITNESS is witness.mjs, asked directly.
// Routes of the relay: /v1/ weir-origin, /witness/ witness.mjs, /down/ an origin that is down, and nothing else.
import OpenAI, { APIError, APIUserAbortError } from 'openai';
import { assert, assertOneByOne, check, done, until } from './checks.mjs';

const { RELAY, WITNESS } = process.env;
const TOKENS = 24;
const INTERVAL_MS = 100;
const question = { model: 'weir-demo', messages: [{ role: 'user', content: 'What is a weir?' }] };

function clientOf(base, options = {}) {
  return new OpenAI({ baseURL: `${RELAY}${base}`, apiKey: 'none', maxRetries: 0, timeout: 15000, ...options });
}

const client = clientOf('/v1', { defaultQuery: { n: TOKENS, interval_ms: INTERVAL_MS } });

async function collect(stream) {
  const result = { text: '', times: [], usage: undefined, finish: undefined, chunksAfterUsage: 0 };
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (result.usage) result.chunksAfterUsage++;
    if (chunk.usage) result.usage = chunk.usage;
    if (choice?.finish_reason) result.finish = choice.finish_reason;
    if (!choice?.delta.content) continue;
    result.text += choice.delta.content;
    result.times.push(performance.now());
  }
  return result;
}

async function stream(more = {}) {
  return collect(await client.chat.completions.create({ ...question, stream: true, ...more }));
}

async function errorOf(promise) {
  const error = await promise.then(() => assert.fail('no error came'), (e) => e);
  assert.ok(error instanceof APIError, `not an APIError: ${error}`);
  return error;
}

// ---- answers ----

let whole;
await check('a call without streaming answers', async () => {
  const answer = await client.chat.completions.create(question);
  whole = answer.choices[0].message.content;
  assert.equal(whole.split(' ').length, TOKENS);
  assert.equal(answer.usage.completion_tokens, TOKENS);
});

await check('deltas arrive one by one, and together are the answer', async () => {
  const { text, times, usage, finish } = await stream();
  assert.equal(text, whole);
  assert.equal(times.length, TOKENS);
  assertOneByOne(times, INTERVAL_MS);
  assert.equal(finish, 'stop');
  assert.equal(usage, undefined);
});

await check('the usage chunk comes when asked for, and last', async () => {
  const { text, usage, chunksAfterUsage } = await stream({ stream_options: { include_usage: true } });
  assert.equal(text, whole);
  assert.equal(usage?.completion_tokens, TOKENS);
  assert.equal(chunksAfterUsage, 0);
});

await check('the helper for streams collects the same answer', async () => {
  const answer = await client.chat.completions.stream(question).finalChatCompletion();
  assert.equal(answer.choices[0].message.content, whole);
});

await check('20 streams at once each arrive one by one', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => stream()));
  for (const { text, times } of all) {
    assert.equal(text, whole);
    assertOneByOne(times, INTERVAL_MS);
  }
});

// ---- leaving in mid-stream ----

async function witness() {
  return (await fetch(`${WITNESS}/witness/open`)).json();
}

// Reads a few deltas and leaves; the origin must learn it within a second.
async function leave(how) {
  const before = await witness();
  const endless = await clientOf('/witness/v1').chat.completions.create({ ...question, stream: true });
  let deltas = 0;
  for await (const _ of endless) {
    if (++deltas === 1) assert.equal((await witness()).open, before.open + 1);
    if (deltas === 5 && how(endless) === 'break') break;
  }
  await until(async () => (await witness()).open === before.open, 1000, "the end of the origin's connection");
  assert.equal((await witness()).total, before.total + 1);
}

await check("abort() in mid-stream closes the origin's connection within 1 s", () =>
  leave((endless) => endless.controller.abort()));

await check("break in mid-stream closes the origin's connection within 1 s", () => leave(() => 'break'));

await check("an abort before the first byte surfaces, and leaves no connection to the origin", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const call = clientOf('/witness/v1').chat.completions.create({ ...question, stream: true }, { signal });
  controller.abort();
  await assert.rejects(call, APIUserAbortError);
  await until(async () => (await witness()).open === 0, 1000, "the end of the origin's connection");
});

// ---- errors ----

await check("the origin's 404 surfaces as an APIError with that status", async () => {
  const error = await errorOf(client.models.list());
  assert.equal(error.status, 404);
});

await check("the relay's own 404 surfaces as an APIError with that status", async () => {
  const error = await errorOf(clientOf('/nowhere/v1').chat.completions.create({ ...question, stream: true }));
  assert.equal(error.status, 404);
  assert.ok(error.error, `its body is no JSON: ${error.message}`);
});

await check('a 502, the origin being down, surfaces as an APIError with that status and a reason', async () => {
  const error = await errorOf(clientOf('/down/v1').chat.completions.create({ ...question, stream: true }));
  assert.equal(error.status, 502);
  assert.ok(error.error, `its body is no JSON: ${error.message}`);
  assert.doesNotMatch(error.message, /127\.0\.0\.1/);
});

await check("the origin's 400 keeps its message", async () => {
  const error = await errorOf(client.chat.completions.create({ messages: question.messages }));
  assert.equal(error.status, 400);
  assert.match(error.message, /model/);
});

done();
