// SDKs read streams of sdk_origin.mjs: directly at $ORIGIN, and through weir-relays whose heartbeats have each of the shapes
// ($BEATS, a list), with last events of a vendor ($OPENAI, $ANTHROPIC, $EVENT), with a commit point ($COMMIT), with a budget of
// events ($CUT) or of time ($LATE, and with last events $LATE_OPENAI, $LATE_ANTHROPIC), and one to end ($DRAIN, $DRAIN_PID).
import Anthropic, { AnthropicError, APIConnectionError as AnthropicConnectionError } from '@anthropic-ai/sdk';
import { EventSource } from 'eventsource';
import OpenAI, { APIConnectionError, APIError } from 'openai';
import { assert, check, done } from './checks.mjs';
import { answer } from './sdk_origin.mjs';

const { ORIGIN, BEATS, OPENAI, ANTHROPIC, EVENT, COMMIT, CUT, LATE, LATE_OPENAI, LATE_ANTHROPIC, DRAIN, DRAIN_PID } =
  process.env;
const messages = [{ role: 'user', content: 'What is a weir?' }];

const openai = (base, how) =>
  new OpenAI({ baseURL: `${base}/${how}/v1`, apiKey: 'none', maxRetries: 0, timeout: 15000 });
const anthropic = (base, how) =>
  new Anthropic({ baseURL: `${base}/${how}`, apiKey: 'none', maxRetries: 0, timeout: 15000 });

async function chat(base, how, onWord = () => {}) {
  let text = '';
  const stream = await openai(base, how).chat.completions.create({ model: 'weir', messages, stream: true });
  for await (const chunk of stream) {
    const word = chunk.choices?.[0]?.delta.content; // a ping event has none
    if (word) onWord((text += word));
  }
  return text;
}

async function responses(base, how) {
  let text = '';
  const stream = await openai(base, how).responses.create({ model: 'weir', input: 'What is a weir?', stream: true });
  for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
  return text;
}

async function claude(base, how) {
  const stream = anthropic(base, how).messages.stream({ model: 'weir', max_tokens: 100, messages });
  const message = await stream.finalMessage();
  return message.content[0].text;
}

function events(base, how) {
  return new Promise((resolve, reject) => {
    let text = '';
    const source = new EventSource(`${base}/${how}/events`);
    source.addEventListener('word', (event) => (text += JSON.parse(event.data)));
    source.addEventListener('end', () => (source.close(), resolve(text)));
    source.addEventListener('error', (event) => {
      source.close();
      reject(Object.assign(new Error(event.data ?? event.message), { event }));
    });
  });
}

const readers = { chat, responses, claude, events };

async function errorOf(promise) {
  return promise.then((text) => assert.fail(`no error came, but '${text}'`), (error) => error);
}

for (const [name, read] of Object.entries(readers)) {
  await check(`${name}: directly`, async () => assert.equal(await read(ORIGIN, 'ok'), answer));
  await check(`${name}: heartbeats of each shape are no part of it`, async () => {
    const texts = await Promise.all(BEATS.split(' ').map((base) => read(base, 'ok')));
    for (const text of texts) assert.equal(text, answer);
  });
}

// An error that stood in the stream as an event, and not one of the network or of JSON.
function assertOpenAiEvent(error, code, message) {
  assert.ok(error instanceof APIError && !(error instanceof APIConnectionError), `${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
}

function assertAnthropicEvent(error, message) {
  assert.ok(error instanceof AnthropicError && !(error instanceof AnthropicConnectionError), `${error}`);
  assert.equal(error.error?.error?.type, 'api_error');
  assert.match(error.error.error.message, message);
}

for (const [name, read] of [['chat', chat], ['responses', responses]])
  await check(`${name}: an origin that dies between events is an error of the API`, async () =>
    assertOpenAiEvent(await errorOf(read(OPENAI, 'dies')), 'truncated', /broke off/));
await check('claude: likewise', async () =>
  assertAnthropicEvent(await errorOf(claude(ANTHROPIC, 'dies')), /broke off/));
await check('events: likewise, with the reason', async () => {
  const error = await errorOf(events(EVENT, 'dies'));
  assert.equal(JSON.parse(error.event.data).reason, 'truncated');
});

const ownEnd = { chat: OPENAI, responses: OPENAI, claude: ANTHROPIC, events: EVENT };
for (const [name, read] of Object.entries(readers))
  await check(`${name}: an origin that dies within an event is an error of the network, not of JSON`, async () => {
    const error = await errorOf(read(ownEnd[name], 'torn'));
    assert.ok(!(error instanceof SyntaxError), `${error}`);
    assert.equal(error.event?.data, undefined);
    assert.match(error.message, /terminated/); // what fetch says of a body that ends too early
  });

await check('a 200 that begins with an error is a 503', async () => {
  for (const read of [chat, responses, claude]) {
    const error = await errorOf(read(COMMIT, 'error'));
    assert.equal(error.status, 503, `${error}`);
  }
  assert.equal((await errorOf(events(COMMIT, 'error'))).event.code, 503);
  assert.equal(await chat(COMMIT, 'ok'), answer);
});

await check('a budget ends a stream between events, and the SDK reads all before', async () => {
  assert.equal(await chat(CUT, 'endless'), answer.slice(0, 'A weir is a '.length));
});

await check('a budget of time ends a stream between events', async () => {
  const text = await chat(LATE, 'endless');
  assert.ok(text.length > 0 && answer.repeat(20).startsWith(text), text);
});

await check('where a budget has a last event, the SDKs raise it', async () => {
  assertOpenAiEvent(await errorOf(chat(LATE_OPENAI, 'endless')), 'cut', /ended here/);
  assertAnthropicEvent(await errorOf(claude(LATE_ANTHROPIC, 'endless')), /ended here/);
});

await check('a stream that a drain cuts is an error of the API, behind whole events', async () => {
  let text = '';
  const error = await errorOf(chat(DRAIN, 'endless', (soFar) => {
    if (!text) process.kill(Number(DRAIN_PID));
    text = soFar;
  }));
  assertOpenAiEvent(error, 'drained', /restarted/);
  assert.ok(text.length > 0 && answer.repeat(20).startsWith(text), text);
});

done();
