// What Shopify's billing does for one shop, as far as its documentation says.
// Here: purchases, subscriptions and charges, and the messages of refusals. Not here: HTTP.
import { readFileSync } from 'node:fs';
import { buildSchema, GraphQLError } from 'graphql';

export const schema = buildSchema(readFileSync(new URL('schema.graphql', import.meta.url), 'utf8'));

const DAY = 24 * 3_600_000;

// Amounts arrive as texts, so that no digit is lost in a float.
const decimal = (value) => {
  if (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)) return value;
  throw new GraphQLError(`not a decimal text: ${value}`);
};
const url = (value) => {
  if (typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)) return value;
  throw new GraphQLError(`not a URL: ${value}`);
};
schema.getType('Decimal').parseValue = decimal;
schema.getType('URL').parseValue = url;

// Amounts are written with at least one digit after the point.
const shown = (amount) => (Number.isInteger(amount) ? `${amount}.0` : String(amount));
const money = (amount, currencyCode) => ({ amount: shown(Number(amount)), currencyCode });

export class Shop {
  #numbers = 1_017_262_000;
  #tokens = 0;
  // A refresh token works until its replacement is used.
  #refreshTokens = [];
  #accessToken = null;
  #answers = new Map();
  purchases = [];
  subscriptions = [];
  refreshes = 0;
  isUninstalled = false;

  constructor(domain, currency, clock) {
    this.domain = domain;
    this.currency = currency;
    this.clock = clock;
    this.#issue();
    this.root = {
      currentAppInstallation: () => this.#installation(),
      node: ({ id }) => this.#node(id),
      appPurchaseOneTimeCreate: (input) => this.#buy(input),
      appSubscriptionCreate: (input) => this.#subscribe(input),
      appSubscriptionLineItemUpdate: (input) => this.#raise(input),
      appUsageRecordCreate: (input) => this.#charge(input),
    };
  }

  #issue() {
    this.#tokens += 1;
    this.#accessToken = `token-${this.#tokens}`;
    const refreshToken = `refresh-${this.#tokens}`;
    this.#refreshTokens.push(refreshToken);
    return { access_token: this.#accessToken, refresh_token: refreshToken };
  }

  isAccepted(token) {
    return token === this.#accessToken;
  }

  expire() {
    this.#accessToken = null;
    return {};
  }

  refresh(token) {
    const index = this.#refreshTokens.indexOf(token);
    if (index < 0) return null;
    this.#refreshTokens.splice(0, index);
    this.refreshes += 1;
    return this.#issue();
  }

  #id(kind) {
    this.#numbers += 1;
    return `gid://shopify/${kind}/${this.#numbers}`;
  }

  #page(id) {
    const number = id.split('/').at(-1);
    return `https://${this.domain}/admin/charges/1/${number}/confirm?signature=${this.#numbers}`;
  }

  #now() {
    return this.clock.now().toISOString();
  }

  #installation() {
    const active = ['ACTIVE', 'FROZEN'];
    const subscriptions = this.subscriptions.filter((one) => active.includes(one.status));
    return {
      id: 'gid://shopify/AppInstallation/1',
      activeSubscriptions: subscriptions.map((one) => this.#shown(one)),
      allSubscriptions: (page) => connection(this.subscriptions.map((one) => this.#shown(one)), page),
      oneTimePurchases: (page) => connection(this.purchases, page),
    };
  }

  #shown(subscription) {
    const lineItems = subscription.lineItems.map((line) => ({
      ...line,
      usageRecords: (page) => connection(line.records ?? [], page),
    }));
    return { ...subscription, lineItems };
  }

  #node(id) {
    const records = this.subscriptions.flatMap((one) => one.lineItems.flatMap((line) => line.records ?? []));
    return [...this.purchases, ...records].find((one) => one.id === id) ?? null;
  }

  #buy({ name, price, returnUrl, test }) {
    const refuse = (message) => ({ userErrors: [{ field: ['price'], message }] });
    if (price.currencyCode !== this.currency) {
      return refuse(`Price currency must match shop billing currency ${this.currency}.`);
    }
    if (Number(price.amount) < 0.5) return refuse(`Price must be at least 0.50 ${this.currency}.`);
    const purchase = {
      __typename: 'AppPurchaseOneTime',
      id: this.#id('AppPurchaseOneTime'),
      name,
      price: money(price.amount, price.currencyCode),
      sent: price.amount,
      returnUrl,
      status: 'PENDING',
      test: test ?? false,
      createdAt: this.#now(),
    };
    this.purchases.push(purchase);
    return { appPurchaseOneTime: purchase, confirmationUrl: this.#page(purchase.id), userErrors: [] };
  }

  #subscribe({ name, lineItems, test, returnUrl }) {
    const subscription = {
      __typename: 'AppSubscription',
      id: this.#id('AppSubscription'),
      name,
      returnUrl,
      status: 'PENDING',
      test: test ?? false,
      trialDays: 0,
      createdAt: this.#now(),
      currentPeriodEnd: null,
      lineItems: lineItems.map(({ plan }) => this.#line(plan)),
    };
    subscription.url = this.#page(subscription.id);
    this.subscriptions.push(subscription);
    return { appSubscription: this.#shown(subscription), confirmationUrl: subscription.url, userErrors: [] };
  }

  #line({ appUsagePricingDetails: usage, appRecurringPricingDetails: recurring }) {
    const id = this.#id('AppSubscriptionLineItem');
    const interval = 'EVERY_30_DAYS';
    if (!usage) {
      const price = money(recurring.price.amount, recurring.price.currencyCode);
      return { id, plan: { pricingDetails: { __typename: 'AppRecurringPricing', interval, price } } };
    }
    const pricingDetails = {
      __typename: 'AppUsagePricing',
      balanceUsed: money(0, this.currency),
      cappedAmount: money(usage.cappedAmount.amount, usage.cappedAmount.currencyCode),
      interval,
      terms: usage.terms,
    };
    return { id, plan: { pricingDetails }, records: [] };
  }

  #usageLine(id) {
    for (const subscription of this.subscriptions) {
      const line = subscription.lineItems.find((one) => one.id === id && one.records);
      if (line) return { subscription, line };
    }
    return null;
  }

  #raise({ id, cappedAmount }) {
    const refuse = (message) => ({ userErrors: [{ field: ['cappedAmount'], message }] });
    const found = this.#usageLine(id);
    if (!found) return refuse('Invalid id');
    if (cappedAmount.currencyCode !== this.currency) return refuse(`Currency code must be ${this.currency}`);
    if (Number(cappedAmount.amount) < Number(found.line.plan.pricingDetails.cappedAmount.amount)) {
      return refuse(
        'Spending limit can only be increased. Please contact the app developer to decrease spending limit.',
      );
    }
    this.#numbers += 1;
    found.line.raise = { url: this.#page(id), to: money(cappedAmount.amount, cappedAmount.currencyCode) };
    return { appSubscription: this.#shown(found.subscription), confirmationUrl: found.line.raise.url, userErrors: [] };
  }

  // The same key gets the first answer.
  #charge(input) {
    const known = this.#answers.get(input.idempotencyKey);
    if (known) return known;
    const answer = this.#chargeOnce(input);
    if (input.idempotencyKey) this.#answers.set(input.idempotencyKey, answer);
    return answer;
  }

  #chargeOnce({ subscriptionLineItemId, price, description, idempotencyKey }) {
    const refuse = (message) => ({ userErrors: [{ field: null, message }] });
    const found = this.#usageLine(subscriptionLineItemId);
    if (!found) return refuse('Invalid id');
    if (found.subscription.status !== 'ACTIVE') return refuse('Subscription is not active');
    if (price.currencyCode !== this.currency) return refuse(`Currency code must be ${this.currency}`);
    const pricing = found.line.plan.pricingDetails;
    // In hundredths: floats would lose digits.
    const cents = (amount) => Math.round(Number(amount) * 100);
    const used = cents(pricing.balanceUsed.amount) + cents(price.amount);
    if (used > cents(pricing.cappedAmount.amount)) return refuse('Total price exceeds balance remaining');
    pricing.balanceUsed = money(used / 100, this.currency);
    const record = {
      __typename: 'AppUsageRecord',
      id: this.#id('AppUsageRecord'),
      description,
      idempotencyKey: idempotencyKey ?? null,
      price: money(price.amount, price.currencyCode),
      createdAt: this.#now(),
      subscriptionLineItem: found.line,
    };
    found.line.records.push(record);
    return { appUsageRecord: record, userErrors: [] };
  }

  decide({ id, status }) {
    this.purchases.find((one) => one.id === id).status = status;
    return {};
  }

  // A new subscription replaces the one before.
  approve({ url: page }) {
    for (const subscription of this.subscriptions) {
      if (subscription.url === page) {
        for (const other of this.subscriptions) if (other.status === 'ACTIVE') other.status = 'CANCELLED';
        subscription.status = 'ACTIVE';
        const end = new Date(this.clock.now().getTime() + 30 * DAY);
        subscription.currentPeriodEnd = end.toISOString();
        return { lines: subscription.lineItems.map((line) => line.id) };
      }
      for (const line of subscription.lineItems) {
        if (line.raise?.url === page) {
          line.plan.pricingDetails.cappedAmount = line.raise.to;
          line.raise = null;
          return { lines: [line.id] };
        }
      }
    }
    throw new Error(`nothing waits for ${page}`);
  }

  // A plan that the platform made itself, such as a monthly fee.
  subscribe({ lineItems, test }) {
    const created = this.#subscribe({ name: 'Plan', lineItems, test, returnUrl: 'https://app.example/' });
    return this.approve({ url: created.confirmationUrl });
  }

  freeze() {
    for (const one of this.subscriptions) if (one.status === 'ACTIVE') one.status = 'FROZEN';
    return {};
  }

  end() {
    for (const one of this.subscriptions) if (one.status === 'ACTIVE') one.status = 'CANCELLED';
    return {};
  }

  snapshot() {
    const texts = (rows) => rows.map((row) => JSON.stringify(row, (key, value) => (key === 'lineItems' ? null : value)));
    return { purchases: texts(this.purchases), subscriptions: texts(this.subscriptions) };
  }

  state() {
    const records = this.subscriptions.flatMap((one) => one.lineItems.flatMap((line) => line.records ?? []));
    const usage = records.map(({ id, description, idempotencyKey, price }) => ({ id, description, idempotencyKey, price }));
    const subscriptions = this.subscriptions.map(({ id, name, status, test }) => ({ id, name, status, test }));
    return { purchases: this.purchases, subscriptions, usage, refreshes: this.refreshes };
  }
}

function connection(rows, { first, after, reverse }) {
  const all = reverse ? [...rows].reverse() : rows;
  const start = after ? all.findIndex((row) => row.id === after) + 1 : 0;
  const part = all.slice(start, start + first);
  return {
    edges: part.map((node) => ({ cursor: node.id, node })),
    nodes: part,
    pageInfo: {
      hasNextPage: start + first < all.length,
      hasPreviousPage: start > 0,
      startCursor: part.at(0)?.id ?? null,
      endCursor: part.at(-1)?.id ?? null,
    },
  };
}
