// SDKs read streams of sdk_origin.mjs: directly at $ORIGIN, and through weir-relays whose heartbeats have each of the shapes
// ($BEATS, a list), with last events of a vendor ($OPENAI, $ANTHROPIC), with a commit point ($COMMIT) and with a budget ($CUT).
import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { EventSource } from 'eventsource';
import OpenAI, { APIConnectionError, APIError } from 'openai';
import { assert, check, done } from './checks.mjs';
import { answer } from './sdk_origin.mjs';

const { ORIGIN, BEATS, OPENAI, ANTHROPIC, COMMIT, CUT } = process.env;
const messages = [{ role: 'user', content: 'What is a weir?' }];

const openai = (base, how) =>
  new OpenAI({ baseURL: `${base}/${how}/v1`, apiKey: 'none', maxRetries: 0, timeout: 15000 });
const anthropic = (base, how) =>
  new Anthropic({ baseURL: `${base}/${how}`, apiKey: 'none', maxRetries: 0, timeout: 15000 });

async function chat(base, how) {
  let text = '';
  const stream = await openai(base, how).chat.completions.create({ model: 'weir', messages, stream: true });
  for await (const chunk of stream) text += chunk.choices?.[0]?.delta.content ?? ''; // a ping event has none
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
    source.addEventListener('error', (event) => (source.close(), reject(new Error(`${event.code} ${event.message}`))));
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

await check('openai: an origin that dies between events is an error of the API', async () => {
  const error = await errorOf(chat(OPENAI, 'dies'));
  assert.ok(error instanceof APIError && !(error instanceof APIConnectionError), `${error}`);
  assert.match(error.message, /broke off/);
});
await check('anthropic: likewise', async () => {
  const error = await errorOf(claude(ANTHROPIC, 'dies'));
  assert.ok(error instanceof AnthropicError, `${error}`);
  assert.match(error.message, /broke off/);
});
await check('an origin that dies within an event is an error of the network, not of JSON', async () => {
  for (const promise of [chat(OPENAI, 'torn'), claude(ANTHROPIC, 'torn')]) {
    const error = await errorOf(promise);
    assert.ok(!(error instanceof SyntaxError), `${error}`);
    assert.doesNotMatch(`${error.message} ${error.cause ?? ''}`, /broke off|JSON/);
  }
});

await check('a 200 that begins with an error is a 503', async () => {
  for (const read of [chat, responses, claude]) {
    const error = await errorOf(read(COMMIT, 'error'));
    assert.equal(error.status, 503, `${error}`);
  }
  assert.equal(await chat(COMMIT, 'ok'), answer);
});

await check('a budget ends a stream between events, and the SDK reads all before', async () => {
  assert.equal(await chat(CUT, 'endless'), answer.slice(0, 'A weir is a '.length));
});

done();
